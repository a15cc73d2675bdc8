"""Problems from a reader that may block (a pipe), without blocking the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator

from its.problems.problem import BadLine, Problem

_AHEAD = 1024


class Feed(AsyncIterator[Problem | BadLine]):
    """Reads on a thread of its own, at most a thousand rows ahead of the consumer."""

    def __init__(self, rows: Iterator[Problem | BadLine]) -> None:
        self._rows = rows
        self._ready: deque[Problem | BadLine] = deque()
        self._room = threading.Semaphore(_AHEAD)
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ended = False
        self._waiting = False
        self._failure: BaseException | None = None
        threading.Thread(target=self._read, name="problems", daemon=True).start()

    async def __anext__(self) -> Problem | BadLine:
        while not self._ready:
            if self._ended:
                if self._ready:
                    break
                if self._failure is not None:
                    raise self._failure
                raise StopAsyncIteration
            self._waiting = True
            self._wake.clear()
            if not self._ready and not self._ended:
                await self._wake.wait()
            self._waiting = False
        self._room.release()
        return self._ready.popleft()

    def _read(self) -> None:
        try:
            for row in self._rows:
                self._room.acquire()
                self._ready.append(row)
                self._notify()
        except BaseException as failure:
            self._failure = failure
        self._ended = True
        self._notify(always=True)

    def _notify(self, always: bool = False) -> None:
        if (self._waiting or always) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)
