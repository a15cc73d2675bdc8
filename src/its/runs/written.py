"""A row as it is written: one line of `solutions.jsonl`, and the events behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

INPUT_FIELDS = frozenset({"question", "reference", "metadata"})
"""What a row repeats of the input."""


class SolutionRow(Protocol):
    """What a problem becomes: a line with at least `status`, `correct` and `error`."""

    @property
    def id(self) -> str: ...

    def as_dict(self) -> dict[str, Any]: ...


class SolvedRow(Protocol):
    """A problem's row and its events, in order."""

    @property
    def solution(self) -> SolutionRow: ...

    @property
    def events(self) -> tuple[dict[str, Any], ...]: ...


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """The row as plain data and as a JSON line, and its events as JSON lines."""

    fields: dict[str, Any]
    line: bytes
    trace: bytes


def written(solved: SolvedRow, key: bytes, *, bare: bool = False) -> WrittenRow:
    """The row of the problem that the journal knows by this key; `bare` leaves out of it what the
    input holds. Raises TypeError for what cannot be written as JSON."""
    fields = solved.solution.as_dict()
    if bare:
        fields = {name: value for name, value in fields.items() if name not in INPUT_FIELDS}
    return WrittenRow(fields, json_line(fields), _trace(solved, key))


def json_line(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _trace(solved: SolvedRow, key: bytes) -> bytes:
    """The events as JSON lines; the first one says by which key the journal knows the problem."""
    problem = solved.solution.id
    lines = [{"problem": problem, **event} for event in solved.events]
    if lines:
        lines[0]["key"] = key.hex()
    return b"".join(map(json_line, lines))
