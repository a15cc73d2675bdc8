"""Server-sent events: from the bytes of a stream, in whatever pieces they come, to JSON values."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from its.models.openai.faults import Faults
from its.models.openai.json_text import decode

END_MARK = b"[DONE]"


class EventStream:
    """Gives the value of each event as soon as it is whole; `done` turns True with the end mark.

    Raises TransientCallError for an event that cannot be read.
    """

    def __init__(self, faults: Faults) -> None:
        self.done = False
        self._faults = faults
        self._begun = False
        self._pending: list[bytes] = []
        self._broken: list[bytes] = []

    def feed(self, data: bytes) -> Iterable[Any]:
        """The values of the events that these bytes end."""
        if b"\r" in data and b"\n" not in data:
            data = data.replace(b"\r", b"\n")
        if b"\n" not in data:
            self._pending.append(data)
            return ()
        if self._pending:
            data = b"".join((*self._pending, data))
        if not self._begun:
            self._begun = True
            data = data.removeprefix(codecs.BOM_UTF8)
        *lines, rest = data.split(b"\n")
        self._pending = [rest] if rest else []
        values = None if self._broken else self._all(lines)
        return self._by_line(lines) if values is None else values

    def end(self) -> Iterator[Any]:
        """What is left where the stream is over."""
        if self._pending:
            yield from self.feed(b"\n")
        if self._broken:
            yield self._joined()

    def _all(self, lines: list[bytes]) -> list[Any] | None:
        """The values where each line of data is one by itself: they are decoded at once."""
        payloads = [line[5:] for line in lines if line.startswith(b"data:")]
        ended = bool(payloads) and payloads[-1].strip() == END_MARK
        if ended:
            del payloads[-1]
        try:
            values: list[Any] = orjson.loads(b"[%b]" % b",".join(payloads))
        except ValueError:
            return None
        if self.done or len(values) != len(payloads) or any(map(_is_error, lines)):
            return None
        self.done = ended
        return values

    def _by_line(self, lines: list[bytes]) -> Iterator[Any]:
        """Each line of data is an event, whatever stands between them, unless it cannot be read by
        itself: then its event goes on to the blank line that ends it."""
        for line in lines:
            if line.startswith(b"data:"):
                yield from self._payload(line[5:].strip())
            elif _is_error(line):
                yield from self._payload(b'{"error":' + line[6:].strip() + b"}")
            elif self._broken and not line.strip():
                yield self._joined()

    def _payload(self, payload: bytes) -> Iterator[Any]:
        if self._broken:
            self._broken.append(payload)
        elif self.done or not payload:
            return
        elif payload == END_MARK:
            self.done = True
        else:
            try:
                value = decode(payload)
            except ValueError:
                self._broken.append(payload)
            else:
                yield value

    def _joined(self) -> Any:
        """The value of an event that came in several lines of data."""
        payload, self._broken = b"\n".join(self._broken), []
        try:
            return decode(payload)
        except ValueError:
            raise self._faults.garbled(payload, "sent a garbled piece of stream") from None


def _is_error(line: bytes) -> bool:
    """A line of llama.cpp that is no event of the standard."""
    return line.startswith(b"error:")
