"""Which form a source has, by what it holds and not by its name; its records as a stream."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

import orjson

from its.errors import InputError
from its.problems.columns import is_columnar, read_columns
from its.problems.documents import list_in, read_json, read_yaml
from its.problems.json_line import LineFault, parse
from its.problems.lines import DAMAGED, UTF8_MARK, damage, read_lines, refuse_foreign
from its.problems.record import Broken, InputRecord
from its.problems.sources import Lookahead, name_of
from its.problems.tables import find_dialect, read_table

LARGEST_DOCUMENT = 2 << 30
"""Bytes of a JSON list, which is held in memory as a whole."""

_YAML = re.compile(rb"(?:#[^\n]*\n|---\s*\n|\s*\n)*(?:-\s|[\w\"']+:(?:\s|$))")


@dataclass(frozen=True, slots=True)
class Format:
    """What a source was recognised as, and its records."""

    name: str
    records: Iterator[InputRecord | Broken]


def recognise(source: str, stream: Lookahead, known: frozenset[str]) -> Format:
    """The form of a source. `known` are the field names by which a table's headings are known.

    Raises InputError for what is visibly no file of problems.
    """
    try:
        head = stream.head(most=1 << 20)
    except DAMAGED as error:
        raise InputError(f"{name_of(source)}: {damage(error)}") from None
    if is_columnar(head):
        return Format("columns", read_columns(source, _buffered(stream), head))
    refuse_foreign(source, head)
    first = head.removeprefix(UTF8_MARK).lstrip()
    if not first:
        return Format("JSON lines", read_lines(_buffered(stream)))
    try:
        if first.startswith((b"{", b"[")):
            return _json(source, stream, first)
        return _text(source, stream, head, known)
    except DAMAGED as error:
        raise InputError(f"{name_of(source)}: {damage(error)}") from None


def _json(source: str, stream: Lookahead, first: bytes) -> Format:
    """JSON lines, unless the first line is the start of a longer value or holds all of them."""
    line, end, _ = first.partition(b"\n")
    if len(line) >= 1 << 20 and not end and line.startswith(b"{"):
        if not _holds_list(line):
            return Format("JSON lines", read_lines(_buffered(stream)))
    elif line.startswith(b"{"):
        value = _parsed(line)
        if isinstance(value, dict):
            if list_in(value) is None or _second_line(stream):
                return Format("JSON lines", read_lines(_buffered(stream)))
        elif line.strip() != b"{" and _starts_object(_second_line(stream)):
            return Format("JSON lines", read_lines(_buffered(stream)))
    elif isinstance(_parsed(line), list) and _second_line(stream):
        return Format("JSON lines", read_lines(_buffered(stream)))
    return _document(source, stream)


def _document(source: str, stream: Lookahead) -> Format:
    file = _buffered(stream)
    try:
        content = file.read(LARGEST_DOCUMENT + 1)
    except DAMAGED as error:
        raise InputError(f"{name_of(source)}: {damage(error)}") from None
    if len(content) > LARGEST_DOCUMENT:
        raise InputError(
            f"{name_of(source)} is one JSON value of over 2 GB; turn it into one object per line: "
            "jq -c '.[]' FILE > NEW.jsonl"
        )
    content = content.removeprefix(UTF8_MARK)
    records = read_json(content)
    if records is not None:
        return Format("JSON", records)
    return Format("JSON lines", read_lines(cast(BinaryIO, io.BytesIO(content))))


def _text(source: str, stream: Lookahead, head: bytes, known: frozenset[str]) -> Format:
    line = head.removeprefix(UTF8_MARK).lstrip().partition(b"\n")[0]
    if _parsed(line) is None and not _starts_object(_second_line(stream)):
        dialect = find_dialect(stream.head(), known)
        if _YAML.match(head) and (dialect is None or line.startswith(b"- ") or b"," not in line):
            content = _buffered(stream).read(LARGEST_DOCUMENT)
            records = read_yaml(content)
            if records is not None:
                return Format("YAML", records)
            stream = Lookahead(cast(BinaryIO, io.BytesIO(content)), cast(BinaryIO, stream))
        if dialect is not None:
            name = "TSV" if dialect.separator == "\t" else "CSV"
            return Format(name, read_table(_buffered(stream), dialect))
    return Format("JSON lines", read_lines(_buffered(stream)))


def _buffered(stream: Lookahead) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(stream, 1 << 18))


def _parsed(line: bytes) -> object:
    try:
        return cast(object, parse(line))
    except LineFault:
        return None


def _second_line(stream: Lookahead) -> bytes:
    """The next line that is not blank, as far as the head holds it."""
    for lines in (2, 3, 8):
        head = stream.head(lines=lines, most=1 << 20).removeprefix(UTF8_MARK).lstrip()
        rest = head.partition(b"\n")[2].lstrip()
        if rest:
            return rest.partition(b"\n")[0]
    return b""


def _starts_object(line: bytes) -> bool:
    return line.lstrip().startswith(b'{"') or line.strip() == b"{}"


def _holds_list(start: bytes) -> bool:
    """Whether an object's first field is a list of objects: {"examples": [{ …."""
    return re.match(rb'\{\s*"[^"]{1,80}"\s*:\s*\[\s*\{', start) is not None


def content_of(record: InputRecord) -> bytes:
    """What identifies a record that is no problem."""
    try:
        return orjson.dumps(record.fields, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return repr(record.fields).encode("utf-8", "surrogatepass")
