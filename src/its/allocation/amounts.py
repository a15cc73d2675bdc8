"""Amounts as people write them: 40 (completions), 50ktok, 2usd, 30s."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from its.errors import ConfigurationError

Unit = Literal["completions", "tokens", "usd", "seconds"]
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m)?\s*(tok|usd|s)?", re.I)
_UNITS: dict[str, Unit] = {"": "completions", "tok": "tokens", "usd": "usd", "s": "seconds"}
_SCALES = {"": 1, "k": 1_000, "m": 1_000_000}


@dataclass(frozen=True, slots=True)
class Limit:
    value: float
    unit: Unit


def parse_amount(text: str) -> Limit:
    """`40`, `50ktok`, `2Mtok`, `0.5usd`, `30s`. Raises ConfigurationError."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise _unreadable(text)
    unit = _UNITS[(match[3] or "").lower()]
    value = float(match[1]) * _SCALES[(match[2] or "").lower()]
    whole = unit in ("completions", "tokens")
    if value <= 0 or (whole and not value.is_integer()):
        raise _unreadable(text)
    return Limit(int(value) if whole else value, unit)


def _unreadable(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"cannot read the amount {text!r}: write 40 (completions), 50ktok, 2usd or 30s"
    )
