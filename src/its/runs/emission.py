"""Rows on standard output, written by a thread so that a slow reader never stops the calls."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable
from typing import BinaryIO

_BACKLOG = 10_000


class Emission:
    """Writes rows as they come, or in the order of the input.

    `on_closed` is called (on the writing thread) when the reader has gone away.
    """

    def __init__(self, stream: BinaryIO, ordered: bool, on_closed: Callable[[], None]) -> None:
        self._stream = stream
        self._on_closed = on_closed
        self._ordered = ordered
        self._held: list[tuple[int, bytes]] = []
        self._next = 0
        self._rows: queue.Queue[bytes | None] = queue.Queue(_BACKLOG)
        self.closed = False
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    @property
    def held(self) -> int:
        """Rows that wait for an earlier one."""
        return len(self._held)

    def emit(self, position: int, row: bytes) -> None:
        """Write the row of the problem that was read as the `position`-th of this run (from 0)."""
        if not self._ordered:
            self._put(row)
            return
        heapq.heappush(self._held, (position, row))
        while self._held and self._held[0][0] == self._next:
            self._next += 1
            self._put(heapq.heappop(self._held)[1])

    def finish(self) -> None:
        """Write what is left and wait for it; in order still where rows before are missing."""
        while self._held:
            self._put(heapq.heappop(self._held)[1])
        self._rows.put(None)
        self._thread.join()

    def _put(self, row: bytes) -> None:
        if not self.closed:
            self._rows.put(row)

    def _write(self) -> None:
        while (row := self._rows.get()) is not None:
            if self.closed:
                continue
            try:
                self._stream.write(row)
                if self._rows.empty():
                    self._stream.flush()
            except (BrokenPipeError, ValueError):
                self.closed = True
                self._on_closed()


def to_nobody(position: int, row: bytes) -> None:
    """Rows go to the run directory alone."""
