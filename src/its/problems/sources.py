"""Where problems come from: files, patterns of file names, pipes and standard input, unpacked."""

from __future__ import annotations

import glob
import gzip
import io
import os
import stat
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from its.errors import InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT = "-"
HEAD = 1 << 16
"""Bytes at the start of a source by which its form is recognised."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PACKED_ENDINGS = (".gz", ".zst", ".zstd")


def name_of(source: str) -> str:
    """How messages call a source."""
    return "standard input" if source == STANDARD_INPUT else source


def expand(sources: str | Sequence[str]) -> tuple[str, ...]:
    """The sources that are meant, with patterns such as `data/*.jsonl` as the files they match.

    Raises InputError for a pattern that matches nothing.
    """
    named = [sources] if isinstance(sources, str) else list(sources)
    return tuple(path for source in named for path in _matches(source))


def is_stream(source: str) -> bool:
    """Whether a source can be read once only: standard input, a pipe, a device."""
    if source == STANDARD_INPUT:
        return True
    try:
        mode = os.stat(source).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def size_of(sources: str | Sequence[str]) -> int | None:
    """Bytes of all sources together; None where one of them can be read once only."""
    paths = expand(sources)
    if any(map(is_stream, paths)):
        return None
    try:
        return sum(os.stat(path).st_size for path in paths)
    except (OSError, ValueError):
        return 0


def name_of_run(sources: Sequence[str]) -> str:
    """The name that a run's directory has from its input."""
    if len(sources) == 1:
        return STANDARD_INPUT if is_stream(sources[0]) else sources[0]
    stem = os.path.basename(sources[0]).split(".")[0] or "problems"
    return f"{stem}-and-{len(sources) - 1}-more"


def check_source(source: str) -> None:
    """Raises InputError for a file that is visibly not there, a directory, or unreadable."""
    if not is_stream(source):
        open_raw(source).close()


def open_raw(source: str) -> io.BufferedReader:
    """The bytes as they are stored. Raises InputError."""
    return _standard_input() if source == STANDARD_INPUT else _open_file(source)


def open_source(source: str) -> Lookahead:
    """The bytes of a source, unpacked where gzip or zstd is recognised, whatever its name.

    Raises InputError for what cannot be opened or is empty. A pipe is waited for until its first
    bytes come.
    """
    raw = open_raw(source)
    try:
        start = raw.peek(4)[:4]
        if not start:
            raise InputError(f"{name_of(source)} is empty; give one JSON object per line")
        if start.startswith(_GZIP):
            return Lookahead(cast(BinaryIO, gzip.GzipFile(fileobj=raw)), raw)
        if start.startswith(_ZSTD):
            return Lookahead(_unpacked_zstd(source, raw), raw)
        if source.endswith(_PACKED_ENDINGS):
            form = "gzip" if source.endswith(".gz") else "zstd"
            raise InputError(
                f"{source} is not a {form} file, or its start is damaged; pack it again"
            )
    except IsADirectoryError:
        raw.close()
        raise InputError(f"{source} is a directory; name a .jsonl file in it") from None
    except BaseException:
        raw.close()
        raise
    return Lookahead(cast(BinaryIO, raw), raw)


class Lookahead(io.RawIOBase):
    """A stream whose start can be looked at before it is read; closes the file below it too."""

    def __init__(self, stream: BinaryIO, below: BinaryIO) -> None:
        self._stream = stream
        self._below = below
        self._held = b""
        self._ended = False

    def head(self, *, lines: int = 1, most: int = HEAD) -> bytes:
        """The start of what is left: so many whole lines at least, unless it ends or they are
        longer than `most` bytes. Waits for no more than that."""
        while self._held.count(b"\n") < lines and len(self._held) < most and not self._ended:
            piece = self._more(HEAD)
            self._ended = not piece
            self._held += piece
        return self._held

    def seekable(self) -> bool:
        return False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._held:
            piece = self._more(len(view))
            view[: len(piece)] = piece
            return len(piece)
        piece = self._held[: len(view)]
        self._held = self._held[len(piece) :]
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._stream.close()
            self._below.close()

    def _more(self, size: int) -> bytes:
        read = getattr(self._stream, "read1", self._stream.read)
        return cast(bytes, read(size))


def _matches(source: str) -> list[str]:
    if source == STANDARD_INPUT or not glob.has_magic(source) or os.path.exists(source):
        return [source]
    found = sorted(path for path in glob.glob(source, recursive=True) if not os.path.isdir(path))
    if not found:
        raise InputError(f"no file matches {source}; check the pattern")
    return found


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


def _unpacked_zstd(source: str, raw: io.BufferedReader) -> BinaryIO:
    try:
        import pyarrow as pa
    except ImportError:
        raise InputError(
            f"{name_of(source)} is a zstd file, which needs pyarrow; pip install 'its[data]', "
            "or unpack it first with zstd -d"
        ) from None
    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))
