"""The lines of a problems file, a gzip file or standard input, one at a time."""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from its.errors import InputError

STANDARD_INPUT = "-"
LONGEST_LINE = 64 * 1024 * 1024
"""Bytes; a longer line is skipped unread, so that no line can exhaust the memory."""

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_FOREIGN = {
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
    b"PAR1": ("a Parquet file", "export it as one JSON object a line"),
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"\x28\xb5\x2f\xfd": ("a zstd file", "unpack it first, or use gzip"),
}


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that cannot be had: too long, or (`ends`) the rest of a damaged gzip file."""

    reason: str
    ends: bool = False


def name_of(source: str) -> str:
    """How messages call a source."""
    return "standard input" if source == STANDARD_INPUT else source


def open_lines(source: str) -> BinaryIO:
    """Open a file, or standard input for "-", and unpack gzip wherever it is recognised.

    Raises InputError for what cannot be opened, is empty, or is visibly no JSON lines. Standard
    input is waited for until its first bytes come.
    """
    raw = _standard_input() if source == STANDARD_INPUT else _open_file(source)
    try:
        start = raw.peek(4)[:4]
        if not start:
            raise InputError(f"{name_of(source)} is empty; give one JSON object a line")
        for magic, (what, mend) in _FOREIGN.items():
            if start.startswith(magic):
                raise InputError(f"{name_of(source)} is {what}, not JSON lines; {mend}")
        if start.startswith(_GZIP_MAGIC):
            return cast(BinaryIO, _Unpacked(raw))
        if source.endswith(".gz"):
            raise InputError(f"{source} is not a gzip file, or its start is damaged; pack it again")
    except IsADirectoryError:
        raw.close()
        raise InputError(f"{source} is a directory; name a .jsonl file in it") from None
    except BaseException:
        raw.close()
        raise
    return raw


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | BrokenLine]]:
    """Number (from 1) and bytes of each line that is not blank, without a byte-order mark.

    A line that cannot be had comes as BrokenLine; after a fault in a gzip file nothing follows.
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
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield (
                number,
                BrokenLine(
                    f"the gzip data is damaged from here on ({error}); pack it again", ends=True
                ),
            )
            return
        if not line:
            return
        if number == 1 and line.startswith(_UTF8_MARK):
            line = line[len(_UTF8_MARK) :]
        if not line.isspace() and line:
            yield number, line


class _Unpacked(io.BufferedReader):
    """A gzip stream read in large blocks, which closes the file below it too."""

    def __init__(self, packed: io.BufferedReader) -> None:
        super().__init__(cast(io.RawIOBase, gzip.GzipFile(fileobj=packed)), 1 << 18)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def _open_file(path: str) -> io.BufferedReader:
    try:
        return io.BufferedReader(io.FileIO(path), 1 << 18)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a directory; name a .jsonl file in it") from None
    except PermissionError:
        raise InputError(f"{path} may not be read; give yourself permission to read it") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path!r} cannot be opened: {error}; check the path") from None


def _standard_input() -> io.BufferedReader:
    """Standard input's bytes, through a copy of its descriptor, so that closing leaves it open."""
    try:
        return io.BufferedReader(io.FileIO(os.dup(sys.stdin.fileno())), 1 << 16)
    except (OSError, ValueError, AttributeError):
        raise InputError("standard input is closed; name a file, or pipe problems in") from None


def _skip_line(stream: BinaryIO) -> None:
    while (piece := stream.readline(1 << 20)) and not piece.endswith(b"\n"):
        pass
