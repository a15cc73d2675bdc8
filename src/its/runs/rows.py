"""The rows of a run that is there, and which of them are worth a look."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from its.errors import RunDirectoryError, UsageError
from its.suggestion import did_you_mean

Row = Mapping[str, Any]

NAMED = 30
"""Fields that a message lists."""


def read_rows(directory: Path) -> Iterator[Row]:
    """Every problem's last row, in the order of the file. Raises RunDirectoryError."""
    path = directory / "solutions.jsonl"
    last: dict[str, int] = {}
    for number, row in enumerate(_lines(path)):
        last[row["id"]] = number
    for number, row in enumerate(_lines(path)):
        if last.get(row["id"]) == number:
            yield row


def is_run(path: Path) -> bool:
    """Whether a path is a run directory."""
    try:
        return (path / "solutions.jsonl").is_file() and (path / "run.json").is_file()
    except (OSError, ValueError):
        return False  # a question is no path: it may be too long for one


def is_wrong(row: Row) -> bool:
    return row.get("correct") is False and row["status"] == "answered"


def is_failed(row: Row) -> bool:
    return bool(row["status"] != "answered")


def least_sure(rows: Iterable[Row], most: int) -> list[Row]:
    """The answered rows of the lowest confidence; rows of equal confidence in input order."""
    known = (row for row in rows if row["status"] == "answered" and row["confidence"] is not None)
    return heapq.nsmallest(most, known, key=lambda row: (row["confidence"], row["index"]))


def wrong_ones(rows: Iterable[Row], most: int) -> list[Row]:
    """The wrong rows, those that were surest of their answer first."""
    wrong = (row for row in rows if is_wrong(row))
    return heapq.nsmallest(most, wrong, key=lambda row: (-(row["confidence"] or 0), row["index"]))


def worth_a_look(directory: Path, most: int = 3) -> tuple[list[Row], list[Row]]:
    """The wrong rows and the least sure among the others, at most so many of each."""
    kept_wrong: list[Row] = wrong_ones(read_rows(directory), most)
    ids = {row["id"] for row in kept_wrong}
    unsure = least_sure(
        (row for row in read_rows(directory) if row["id"] not in ids and _is_unsure(row)), most
    )
    return kept_wrong, unsure


def value_at(row: Row, path: str) -> Any:
    """A row's field (or a path in it); a name that the row has not is looked up in its metadata."""
    for start in (row, row.get("metadata") or {}):
        value: Any = start
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is not None:
            return value
    return None


def require_field(directory: Path, path: str) -> None:
    """Raises UsageError where no row has a value there."""
    names: dict[str, None] = {}
    for row in read_rows(directory):
        if value_at(row, path) is not None:
            return
        names.update(dict.fromkeys((*row, *(row.get("metadata") or {}))))
    if names:
        some = ", ".join(list(names)[:NAMED])
        raise UsageError(
            f"no row has the field {path!r}; {did_you_mean(path, names)}there are {some}"
        )


def chosen(
    rows: Iterable[Row], *, wrong: bool, unsure: bool, failed: bool, most: int | None
) -> list[Row] | Iterator[Row]:
    """The rows of any of these sorts (of all where none is given); `unsure` sorts them."""
    tests: list[Callable[[Row], bool]] = []
    tests += [is_wrong] if wrong else []
    tests += [is_failed] if failed else []
    tests += [_is_unsure] if unsure else []
    kept = (row for row in rows if not tests or any(test(row) for test in tests))
    if unsure:
        return sorted(kept, key=lambda row: (row["confidence"] or 0, row["index"]))[:most]
    return (row for number, row in enumerate(kept) if most is None or number < most)


def _is_unsure(row: Row) -> bool:
    confidence = row["confidence"]
    return row["status"] == "answered" and confidence is not None and confidence < UNSURE


UNSURE = 0.8
"""Below this confidence an answer is called unsure."""


def _lines(path: Path) -> Iterator[Row]:
    """Whole lines alone: the last one may be torn while the run goes on."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield orjson.loads(line)
    except (FileNotFoundError, NotADirectoryError):
        raise RunDirectoryError(
            f"{path.parent} is no run directory: it has no {path.name}; give the one that "
            "`its solve` named"
        ) from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror or error}") from None
    except orjson.JSONDecodeError:
        raise RunDirectoryError(
            f"{path} holds a line that is not JSON; run `its solve` on it again to repair it"
        ) from None
