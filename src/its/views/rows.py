"""Rows of a run as people see them: a table, groups, the ones worth a look, and a CSV file."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from its.errors import OutputError
from its.runs.rows import Row, read_rows, value_at, worth_a_look
from its.views.excerpt import excerpt
from its.views.figures import percent

if TYPE_CHECKING:
    from rich.table import Table

READ_AT_THE_END = 200_000_000
"""Bytes of solutions up to which a summary looks for rows of interest."""

COLUMNS = (
    "id", "status", "answer", "reference", "correct", "confidence", "difficulty", "strategy",
    "question", "budget.spent", "usage.prompt_tokens", "usage.completion_tokens", "usage.usd",
    "seconds", "error",
)  # fmt: skip


def rows_table(rows: Iterable[Row], width: int) -> Table:
    """A line per row: id, verdict, confidence, answer, reference and the start of the question."""
    from rich.table import Table
    from rich.text import Text

    room = max(width - 58, 12)
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("id", "verdict", "sure", "answer", "reference", "question"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "sure" else "left")
    for row in rows:
        texts = (
            excerpt(str(row["id"]), 14),
            verdict(row),
            "" if row["confidence"] is None else f"{row['confidence']:.2f}",
            excerpt(_shown(row["answer"]) or _shown(row["error"]), 14),
            excerpt(_shown(row.get("reference")), 10),
            excerpt(_shown(row.get("question")), room),
        )
        table.add_row(*(Text(text) for text in texts), style=_STYLES.get(texts[1]))
    return table


def verdict(row: Row) -> str:
    if row["status"] != "answered":
        return str(row["status"])
    return {True: "right", False: "wrong", None: "answered"}[row.get("correct")]


_STYLES = {"wrong": "red", "failed": "red", "unanswered": "yellow"}


def groups(rows: Iterable[Row], path: str) -> list[dict[str, Any]]:
    """For every value of a field: how many problems, how many answered, right, and how sure."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        value = value_at(row, path)
        name = value if isinstance(value, str) else orjson.dumps(value).decode()
        group = found.setdefault(
            name, {path: value, "problems": 0, "answered": 0, "graded": 0, "correct": 0, "sum": 0.0}
        )
        group["problems"] += 1
        group["answered"] += row["status"] == "answered"
        group["graded"] += row.get("correct") is not None
        group["correct"] += bool(row.get("correct"))
        group["sum"] += row["confidence"] or 0.0
    for group in found.values():
        total = group.pop("sum")
        group["confidence"] = round(total / group["answered"], 4) if group["answered"] else None
    return sorted(found.values(), key=lambda group: -group["problems"])


def groups_table(found: Sequence[dict[str, Any]], path: str, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for heading in (path, "problems", "answered", "right", "", "sure"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == path else "right")
    for group in found:
        graded, right = group["graded"], group["correct"]
        sure = group["confidence"]
        table.add_row(
            Text(excerpt(_shown(group[path]) or "(none)", max(width - 48, 12))),
            f"{group['problems']:,}",
            f"{group['answered']:,}",
            f"{right:,} of {graded:,}" if graded else "",
            percent(right, graded) if graded else "",
            "" if sure is None else f"{sure:.2f}",
        )
    return table


def look_at(directory: Path, width: int) -> Iterator[str]:
    """The wrong rows and the least sure, with the command that explains the first of them."""
    path = directory / "solutions.jsonl"
    if not path.is_file() or path.stat().st_size > READ_AT_THE_END:
        return
    wrong, unsure = worth_a_look(directory)
    if wrong:
        yield "Wrong, the surest first:"
        yield from (look_line(row, width) for row in wrong)
    if unsure:
        yield "Least sure:"
        yield from (look_line(row, width) for row in unsure)
    for row in (wrong + unsure)[:1]:
        run = shlex.quote(str(directory))
        yield f"its explain --run {run} --id {shlex.quote(str(row['id']))}"
        yield f"its show {run} --wrong" if wrong else f"its show {run} --unsure"


def look_line(row: Row, width: int) -> str:
    sure = "" if row["confidence"] is None else f"{row['confidence']:.2f}  "
    right = row.get("reference")
    beside = f" (right: {excerpt(_shown(right), 12)})" if row.get("correct") is False else ""
    start = f"  {excerpt(str(row['id']), 16)}  {sure}{excerpt(_shown(row['answer']), 14)}{beside}  "
    return start + excerpt(_shown(row.get("question")), max(width - len(start), 10))


def write_table(directory: Path, path: Path) -> None:
    """The rows of a run as CSV, with a column for every field of the metadata. Raises OutputError.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    names: dict[str, None] = {}
    for row in read_rows(directory):
        names.update(dict.fromkeys(row.get("metadata") or {}))
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*COLUMNS, *(f"metadata.{name}" for name in names)])
            for row in read_rows(directory):
                metadata = row.get("metadata") or {}
                cells = [_field(row, column) for column in COLUMNS]
                writer.writerow([_cell(c) for c in [*cells, *(metadata.get(n) for n in names)]])
    except OSError as error:
        raise OutputError(
            f"{path} could not be written: {error.strerror or error}; the rows are all in "
            f"{directory}"
        ) from None


def _field(row: Row, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = _shown(value).encode("utf-8", "replace").decode()
    return f"'{text}" if text[:1] in "=+@\t\r" and text[:1] else text


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
