"""Reading a run that is there: one problem's row and its events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from its.errors import RunDirectoryError
from its.suggestion import did_you_mean

NAMED = 5
"""Ids that an error names."""


@dataclass(frozen=True, slots=True)
class RecordedProblem:
    """What a run holds of one problem."""

    row: dict[str, Any]
    events: list[dict[str, Any]]


def read_record(directory: Path, id_: str | None) -> RecordedProblem:
    """The last row of this id and the events behind it; without an id, the run's only problem.

    Raises RunDirectoryError where the directory holds no run, or not this problem.
    """
    row, known = None, dict[str, None]()
    for line in _lines(directory, "solutions"):
        known.setdefault(line["id"])
        if id_ is None or line["id"] == id_:
            row = line
    if row is None or (id_ is None and len(known) > 1):
        raise RunDirectoryError(_unknown(directory, id_, list(known)))
    return RecordedProblem(row, _last_story(directory, row["id"]))


def _last_story(directory: Path, id_: str) -> list[dict[str, Any]]:
    """A problem that was tried again has its events again, counted from 0: the last ones count."""
    mark = orjson.dumps({"problem": id_})[:-1] + b","
    events: list[dict[str, Any]] = []
    for line in _raw_lines(directory, "traces"):
        if line.startswith(mark):
            event = _parsed(line, directory / "traces.jsonl")
            if event.get("seq") == 0:
                events = []
            events.append(event)
    return events


def _parsed(line: bytes, path: Path) -> dict[str, Any]:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise RunDirectoryError(
            f"{path} is damaged: a line in it is no JSON object; resume the run, or take a copy"
        )
    return fields


def _unknown(directory: Path, id_: str | None, known: list[str]) -> str:
    if not known:
        return f"the run in {directory} has no solved problem yet; run `its solve` on it first"
    some = ", ".join(known[:NAMED]) + (", …" if len(known) > NAMED else "")
    if id_ is None:
        return f"{directory} holds {len(known):,} problems; name one with --id: {some}"
    return f"{directory} holds no problem {id_!r}; {did_you_mean(id_, known)}it has {some}"


def _lines(directory: Path, view: str) -> Iterator[dict[str, Any]]:
    for line in _raw_lines(directory, view):
        row = _parsed(line, directory / f"{view}.jsonl")
        if not isinstance(row.get("id"), str):
            raise RunDirectoryError(f"{directory / view}.jsonl is damaged: a row in it has no id")
        yield row


def _raw_lines(directory: Path, view: str) -> Iterator[bytes]:
    """Whole lines alone: the last one may be torn while the run goes on."""
    path = directory / f"{view}.jsonl"
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except (FileNotFoundError, NotADirectoryError):
        raise RunDirectoryError(
            f"{directory} is no run directory: it has no {path.name}; give the one that "
            "`its solve` named"
        ) from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror or error}") from None
