"""JSON lines, one at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from its.errors import InputError
from its.problems.json_line import LineFault, parse_object
from its.problems.record import Broken, InputRecord
from its.problems.sources import name_of, open_source

__all__ = ["BrokenLine", "name_of", "numbered_lines", "open_lines", "read_lines"]

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is skipped unread, so that no line can exhaust the memory."""

UTF8_MARK = b"\xef\xbb\xbf"
FOREIGN = {
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8: iconv -f UTF-16 -t UTF-8 FILE > NEW"),
    b"PK\x03\x04": ("a zip archive (or a workbook)", "unpack it first, or save it as CSV"),
    b"%PDF": ("a PDF document", "write its problems as one JSON object per line"),
    b"SQLite format 3": ("an SQLite database", "export a table as CSV"),
    b"\x93NUMPY": ("a NumPy array", "write its problems as one JSON object per line"),
}
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, OSError)


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that cannot be had: too long, or (`ends`) the rest of a damaged packed file."""

    reason: str
    ends: bool = False


def open_lines(source: str) -> BinaryIO:
    """Open a source of JSON lines alone; raises InputError where it is visibly something else."""
    stream = open_source(source)
    try:
        refuse_foreign(source, stream.head())
    except DAMAGED:
        pass  # reading the lines says so
    except BaseException:
        stream.close()
        raise
    return cast(BinaryIO, io.BufferedReader(stream, 1 << 18))


def refuse_foreign(source: str, head: bytes) -> None:
    for magic, (what, fix) in FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"{name_of(source)} is {what}, not JSON lines; {fix}")


def read_lines(stream: BinaryIO) -> Iterator[InputRecord | Broken]:
    """The objects of JSON lines."""
    for number, line in numbered_lines(stream):
        place = ("line", number)
        if isinstance(line, BrokenLine):
            yield Broken(place, line.reason, ends=line.ends)
            continue
        try:
            yield InputRecord(place, parse_object(line))
        except LineFault as fault:
            yield Broken(place, str(fault), line)


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | BrokenLine]]:
    """Number (from 1) and bytes of each line that is not blank, without a byte-order mark.

    A line that cannot be had comes as BrokenLine; after a fault in a packed file nothing follows.
    """
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST_LINE + 1)
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                _skip_line(stream)
                yield number, BrokenLine("is longer than 64 MB; shorten it")
                continue
        except DAMAGED as error:
            yield number, BrokenLine(damage(error), ends=True)
            return
        if not line:
            return
        if number == 1 and line.startswith(UTF8_MARK):
            line = line[len(UTF8_MARK) :]
        if not line.isspace() and line:
            yield number, line


def damage(error: BaseException) -> str:
    form = "gzip" if isinstance(error, EOFError | gzip.BadGzipFile | zlib.error) else "packed"
    return f"the {form} data is damaged from here on ({error}); pack it again"


def _skip_line(stream: BinaryIO) -> None:
    while (piece := stream.readline(1 << 20)) and not piece.endswith(b"\n"):
        pass
