"""Rows on standard output, written by a thread so that a slow reader never stops the calls.

Rows that wait for their reader, or for a row before them, wait on disk once they are many.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import queue
import select
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from tempfile import TemporaryFile
from typing import BinaryIO

from its.runs.loop import interrupt_politely
from its.terminal import escape_json

_IN_MEMORY = 4_000_000
"""Bytes of waiting rows that are kept in memory."""
_PATIENCE = 1.0
"""Seconds that rows get to leave after an interruption."""


class Emission:
    """Writes rows as they come, or in the order of the input.

    `on_closed` is called (on the writing thread) when the reader has gone away, and no more is
    written. `failure` is what else kept standard output from being written: the batch goes on,
    since its rows are in the run directory.
    """

    def __init__(self, stream: BinaryIO, ordered: bool, on_closed: Callable[[], None]) -> None:
        self._output = stream.fileno()
        self._on_closed = on_closed
        self._ordered = ordered
        self._held: list[tuple[int, Waiting]] = []
        self._next = 0
        self._rows: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._waiting = WaitingRows()
        self._loop = asyncio.get_running_loop()
        self._ended = False
        self._over_or_given_up = asyncio.Event()
        self.closed = False
        self.abandoned = False
        self.failure: OSError | None = None
        stream.flush()
        threading.Thread(target=self._write, name="output", daemon=True).start()

    @property
    def held(self) -> int:
        """Rows that wait for an earlier one."""
        return len(self._held)

    def emit(self, position: int, row: bytes) -> None:
        """Write the row of the problem that was read as the `position`-th of this run (from 0)."""
        if self._over:
            return
        waiting = self._waiting.keep(row)
        if not self._ordered:
            self._rows.put(waiting)
            return
        heapq.heappush(self._held, (position, waiting))
        while self._held and self._held[0][0] == self._next:
            self._next += 1
            self._rows.put(heapq.heappop(self._held)[1])

    async def finish(self, *, interrupted: bool = False) -> None:
        """Write what is left and wait for it; in order still where rows before are missing.

        Ctrl-C, now or before (`interrupted`), gives up on a reader that takes nothing: `abandoned`
        says that rows were left.
        """
        while self._held:
            self._rows.put(heapq.heappop(self._held)[1])
        self._rows.put(None)
        with _on_signals(self._over_or_given_up.set):
            if interrupted:
                self._loop.call_later(_PATIENCE, self._over_or_given_up.set)
            await self._over_or_given_up.wait()
        self.abandoned = not self._ended

    @property
    def _over(self) -> bool:
        return self.closed or self.abandoned or self.failure is not None

    def _write(self) -> None:
        try:
            while (waiting := self._rows.get()) is not None and not self.abandoned:
                row = self._waiting.take(waiting)
                if not self._over:
                    self._put(escape_json(row))
        except BrokenPipeError:
            self.closed = True
            self._on_closed()
        except OSError as failure:
            self.failure = failure
        self._ended = True
        with suppress(RuntimeError):  # the loop is closed: the rows were given up
            self._loop.call_soon_threadsafe(self._over_or_given_up.set)

    def _put(self, row: bytes) -> None:
        left = memoryview(row)
        while left:
            try:
                left = left[os.write(self._output, left) :]
            except BlockingIOError:
                select.select([], [self._output], [], 1)


@contextmanager
def _on_signals(call: Callable[[], None]) -> Iterator[None]:
    """Call it at the next SIGINT or SIGTERM, where signals can be caught."""
    loop = asyncio.get_running_loop()
    caught: list[int] = []
    if threading.current_thread() is threading.main_thread():
        caught += [signal.SIGINT, signal.SIGTERM]
    for number in caught:
        loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
        interrupt_politely()


Waiting = bytes | tuple[int, int]
"""A row, or the place and the length of one on disk."""


class WaitingRows:
    """Rows between two threads: in memory while they are few, else in a file without a name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._end = 0
        self._on_disk = 0
        self.bytes = 0

    def keep(self, row: bytes) -> Waiting:
        with self._lock:
            if self.bytes + len(row) <= _IN_MEMORY or not self._write(row):
                self.bytes += len(row)
                return row
            self._on_disk += 1
            self._end += len(row)
            return self._end - len(row), len(row)

    def take(self, waiting: Waiting) -> bytes:
        with self._lock:
            if isinstance(waiting, bytes):
                self.bytes -= len(waiting)
                return waiting
            assert self._file is not None
            row = os.pread(self._file.fileno(), waiting[1], waiting[0])
            self._on_disk -= 1
            if not self._on_disk:
                self._end = 0
                self._file.truncate(0)
            return row

    def _write(self, row: bytes) -> bool:
        """False where the disk takes no more: memory has to."""
        try:
            if self._file is None:
                self._file = TemporaryFile("w+b", buffering=0)  # noqa: SIM115
            return os.pwrite(self._file.fileno(), row, self._end) == len(row)
        except OSError:
            return False


def to_nobody(position: int, row: bytes) -> None:
    """Rows go to the run directory alone."""
