"""CSV and TSV: the dialect is found by looking at the start, and rows stream."""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from its.problems.json_line import LineFault, parse
from its.problems.lines import DAMAGED, LONGEST_LINE, UTF8_MARK, damage
from its.problems.names import plain
from its.problems.record import Broken, InputRecord

SEPARATORS = ",\t;|"
_MAYBE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_SEPARATOR_LINE = re.compile(r"sep=[,;|\t]\r?\n", re.IGNORECASE)
"""What Excel writes above the headings."""
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written; `headings` are given where its first row holds none."""

    separator: str
    quoted: bool = True
    quote: str = '"'
    escape: str | None = None
    headings: tuple[str, ...] = ()
    first_line: int = 1


def find_dialect(head: bytes, known: frozenset[str]) -> Dialect | None:
    """How a table that starts like this is written; None where it looks like none.

    `known` are field names as `plain` writes them, by which a row of headings is recognised.
    """
    text = head.removeprefix(UTF8_MARK).decode("utf-8", "surrogateescape")
    if (said := _SEPARATOR_LINE.match(text)) is not None:
        dialect = find_dialect(text[said.end() :].encode("utf-8", "surrogateescape"), known)
        return dialect and replace(dialect, first_line=dialect.first_line + 1)
    whole = text[: text.rfind("\n") + 1] or text
    best: tuple[tuple[int, int, int], Dialect] | None = None
    for separator in SEPARATORS:
        dialect = _quoting(whole, separator)
        rows = _sample(whole, dialect)
        if not rows or len(set(map(plain, rows[0]))) != len(rows[0]):
            continue
        named = sum(plain(cell) in known for cell in rows[0])
        alike = sum(len(row) == len(rows[0]) for row in rows)
        score = (named, alike if len(rows[0]) > 1 else 0, len(rows[0]))
        if (len(rows[0]) > 1 or named) and (best is None or score > best[0]):
            best = (score, dialect)
    if best is None:
        return None
    return best[1] if best[0][0] else _without_headings(_sample(whole, best[1]), best[1])


def read_table(stream: BinaryIO, dialect: Dialect) -> Iterator[InputRecord | Broken]:
    """The rows under the headings. A row of another width is broken, and the others are read."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(LONGEST_LINE)
    for _ in range(1, dialect.first_line):
        text.readline()
    rows = _reader(text, dialect)
    headings: Sequence[str] = dialect.headings
    number = 1
    while True:
        number, before = rows.line_num + dialect.first_line, number
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Broken(("line", number), f"cannot be read as a row ({error}); check its quotes")
            continue
        except DAMAGED as error:
            yield Broken(("line", max(number, before)), damage(error), ends=True)
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not headings:
            headings = [cell.strip() for cell in cells]
            continue
        yield _row(("line", number), headings, cells)


def _row(place: tuple[str, int], headings: Sequence[str], cells: list[str]) -> InputRecord | Broken:
    content = "\x1f".join(cells).encode("utf-8", "surrogateescape")
    while len(cells) > len(headings) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(headings):
        cell = "cell" if len(cells) == 1 else "cells"
        return Broken(
            place,
            f"has {len(cells)} {cell} under {len(headings)} headings; put the text that holds a "
            "separator, a quote or a line end in double quotes",
            content,
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return Broken(place, "is not UTF-8; save the file as UTF-8", content)
    pairs = zip(headings, cells, strict=True)
    return InputRecord(place, {name: cell_value(cell) for name, cell in pairs if name})


def cell_value(cell: str) -> Any:
    """What a cell holds: a list or an object where it is written as one, else its text.

    Lists are understood as JSON, Python and NumPy write them. Nothing is evaluated.
    """
    written = cell.strip()
    if len(written) < 2 or written[0] + written[-1] not in ("[]", "{}"):
        return cell
    try:
        return parse(written.encode("utf-8", "surrogateescape"))
    except LineFault:
        pass
    if written[0] == "[" and re.search(r"['\"]\s+['\"]", written):
        return _numpy_list(written, cell)
    try:
        value = ast.literal_eval(written) if len(written) < 100_000 else cell
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return cell
    return value if isinstance(value, list | dict) and _is_json(value) else cell


def whole_number(cell: Any) -> int | None:
    """The whole number that a cell or a value writes."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and _MAYBE_NUMBER.fullmatch(cell.strip()):
        return int(cell)
    return None


# --- the dialect --------------------------------------------------------------------------------


def _quoting(text: str, separator: str) -> Dialect:
    """Quotes as CSV writes them, unless the rows fit together only where quotes are plain text."""
    escape = "\\" if '\\"' in text and '""' not in text else None
    first = text.split("\n", 1)[0].strip()
    single = first.startswith("'") and first.endswith("'") and '"' not in first
    dialect = Dialect(separator, quote="'" if single else '"', escape=escape)
    if separator != "\t":
        return dialect
    bare = Dialect(separator, quoted=False)
    rows = _sample(text, bare)
    loose = any(cell[:1] == '"' and cell[-1:] != '"' for row in rows for cell in row)
    fits = _regular(rows) == len(rows)
    better = _regular(rows) > _regular(_sample(text, dialect))
    return bare if better or (loose and fits) else dialect


def _regular(rows: list[list[str]]) -> int:
    return sum(len(row) == len(rows[0]) for row in rows) if rows else 0


def _sample(text: str, dialect: Dialect) -> list[list[str]]:
    csv.field_size_limit(LONGEST_LINE)
    rows: list[list[str]] = []
    try:
        for row in _reader(io.StringIO(text, newline=""), dialect):
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row] if not rows else row)
            if len(rows) == 50:
                break
    except csv.Error:
        pass
    return rows


def _without_headings(rows: list[list[str]], dialect: Dialect) -> Dialect | None:
    """Rows of a question, choices and the letter of the right one, as MMLU's own files have."""
    width = len(rows[0])
    letters = "ABCDEFGHIJ"[: width - 2]
    if width < 4 or not all(len(row) == width and row[-1].strip() in letters for row in rows):
        return dialect if len(rows) > 1 else None
    return Dialect(
        dialect.separator,
        dialect.quoted,
        dialect.quote,
        dialect.escape,
        ("question", *letters, "answer"),
    )


def _reader(text: Any, dialect: Dialect) -> Any:
    return csv.reader(
        text,
        delimiter=dialect.separator,
        quotechar=dialect.quote,
        escapechar=dialect.escape,
        doublequote=dialect.escape is None,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        skipinitialspace=True,
    )


# --- cells --------------------------------------------------------------------------------------


def _numpy_list(written: str, cell: str) -> Any:
    found = [one or two for one, two in _QUOTED.findall(written)]
    rest = _QUOTED.sub("", written[1:-1]).replace(",", "").strip()
    return [re.sub(r"\\(['\"\\])", r"\1", text) for text in found] if not rest else cell


def _is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_json, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(each) for key, each in value.items())
    return value is None or isinstance(value, str | int | float | bool)
