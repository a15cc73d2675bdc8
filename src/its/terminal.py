"""The standard streams of the command line, and the one function that cleans what they show.

Questions, answers, ids, keys and names of files come from others, and may hold escape sequences
that move the cursor, set the clipboard or turn the reading direction. Everything for a person
passes `clean` on its way out: the streams that `open_streams` puts in place clean what is printed,
and the console of `its.views.messages` cleans what rich draws. Data on standard output is JSON,
and `escape_json` writes the same JSON with escapes for such characters.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from contextlib import suppress
from functools import cache
from typing import TextIO, cast
from unicodedata import category

from its.errors import OutputError

_OTHER = re.compile(r"[^\n\t\x20-\x7e]")
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_AT_ONCE = 4096
"""Bytes that a pipe takes whole when it says that it can be written."""
_UNWRITTEN = 1 << 16
"""Characters kept for a standard error without a reader; what comes after them is dropped."""
_PATIENCE = 0.5


def clean(text: str) -> str:
    """The text without what a terminal would obey: control characters (C0, C1), surrogates and
    private characters become a replacement mark, invisible and direction marks go."""
    if text.isascii() and text.isprintable():
        return text
    return _OTHER.sub(_shown, text.replace("\r\n", "\n"))


def escape_json(line: bytes) -> bytes:
    """The same JSON, with every character that `clean` would take away as an escape."""
    if line.isascii() and b"\x7f" not in line:
        return line
    return _OTHER.sub(_escaped, line.decode("utf-8", "replace")).encode()


def open_streams() -> None:
    """Make the standard streams safe to write to: they clean, they stand for closed ones, and no
    file that is opened later takes the number of a standard stream."""
    for number in range(3):
        _occupy(number)
    sys.stdin = sys.stdin or _nowhere()
    sys.stdout = cast(TextIO, _Output(sys.stdout or _nowhere()))
    sys.stderr = cast(TextIO, _Errors(sys.stderr or _nowhere()))


def uncleaned(stream: TextIO) -> TextIO:
    """The stream for a writer that cleans for itself, and draws with escape sequences."""
    return cast(TextIO, stream.drawing()) if isinstance(stream, _Output) else stream


def write_data(content: bytes) -> None:
    """Write JSON to standard output. Raises OutputError, and BrokenPipeError where the reader has
    gone away."""
    out = sys.stdout
    try:
        out.flush()
        out.buffer.write(escape_json(content))
        out.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written(error) from None


def not_written(error: OSError) -> OutputError:
    return OutputError(
        f"standard output cannot be written: {error.strerror or error}; give it a place that "
        "takes it"
    )


def _shown(match: re.Match[str]) -> str:
    return _safe(match[0])


@cache
def _safe(character: str) -> str:
    kind = category(character)
    if kind == "Cf" or character in _INVISIBLE:
        return ""
    if kind in ("Zl", "Zp"):
        return " "
    return "\N{REPLACEMENT CHARACTER}" if kind in ("Cc", "Cs", "Co") else character


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if _safe(character) == character:
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _nowhere() -> TextIO:
    return open(os.devnull, "r+", encoding="utf-8")


class _Output:
    """A text stream that cleans what is printed. What it cannot encode it escapes."""

    def __init__(self, stream: TextIO, *, cleans: bool = True) -> None:
        self._stream = stream
        self._cleans = cleans
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def drawing(self) -> _Output:
        return type(self)(self._stream, cleans=False)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(clean(text) if self._cleans else text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise not_written(error) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise not_written(error) from None


class _Errors(_Output):
    """Standard error: where it cannot be written, or has no reader, the command continues."""

    _waiting = ""

    def drawing(self) -> _Errors:
        return type(self)(self._stream, cleans=False)

    def write(self, text: str) -> int:
        self._waiting += clean(text) if self._cleans else text
        self._waiting = self._waiting[:_UNWRITTEN]
        self.flush()
        return len(text)

    def flush(self, patience: float = 0.0) -> None:
        give_up = time.monotonic() + patience
        try:
            while self._waiting and self._writable(give_up):
                self._stream.write(self._waiting[: _AT_ONCE // 4])
                self._stream.flush()
                self._waiting = self._waiting[_AT_ONCE // 4 :]
        except (OSError, ValueError):
            self._waiting = ""

    def _writable(self, give_up: float) -> bool:
        poll = select.poll()
        poll.register(self._stream, select.POLLOUT)
        return bool(poll.poll(max(0.0, give_up - time.monotonic()) * 1000))


def flush_all(*, interrupted: bool) -> int | None:
    """Write what is left before the process ends; to a standard output that may keep it waiting
    not after an interruption. The exit code where that fails: 141 where the reader of standard
    output has gone away, 2 where it cannot be written."""
    code = None
    try:
        if not interrupted:
            sys.stdout.flush()
    except (BrokenPipeError, ValueError):
        code = 141
    except OutputError as error:
        print(f"its: {error}", file=sys.stderr)
        code = error.exit_code
    if isinstance(sys.stderr, _Errors):
        sys.stderr.flush(_PATIENCE)
    return code
