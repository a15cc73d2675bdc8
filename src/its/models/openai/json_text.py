"""JSON at the boundary: fast where it is clean, and never lossy in silence where it is not.

orjson turns NaN into null, refuses lone surrogates and integers over 64 bits. Here NaN is
refused on the way out, lone surrogates become U+FFFD both ways, and integers keep every digit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from its.errors import ConfigurationError


def encode(value: Mapping[str, Any]) -> bytes:
    """JSON text of a request body. Raises ValueError for NaN and infinities."""
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate or a big integer
        return json.dumps(
            _with_whole_characters(value), ensure_ascii=False, allow_nan=False
        ).encode()


def decode(text: bytes) -> Any:
    """The value of a JSON text, lenient where orjson is strict. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text.decode("utf-8", "replace"))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def whole_characters(text: str) -> str:
    """The text with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def check_finite(value: Any, path: str) -> None:
    """Raises ConfigurationError, naming the key, where NaN or an infinity hides in `value`."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(f"{path} is {value}, which JSON cannot hold: give a number")
    if isinstance(value, Mapping):
        for key, item in value.items():
            check_finite(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check_finite(item, f"{path}.{index}")


def _with_whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, Mapping):
        return {whole_characters(str(key)): _with_whole_characters(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_whole_characters(item) for item in value]
    return value
