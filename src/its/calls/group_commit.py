"""One writer thread that commits everything that waits as one group."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

from its.errors import RunDirectoryError

Write = Callable[[], object]


class GroupCommit:
    """Runs writes on a thread of its own: `commit_group` gets all that have come together.

    A write that fails ends the run: it and every later one raise RunDirectoryError.
    """

    def __init__(self, commit_group: Callable[[Sequence[Write]], None]) -> None:
        self._commit_group = commit_group
        self._queue: deque[tuple[Write, asyncio.Future[None]]] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def commit(self, write: Write) -> None:
        """Returns once the write is durable. A cancelled wait does not take the write back."""
        if self._failure is not None:
            raise _as_run_error(self._failure)
        loop = asyncio.get_running_loop()
        if self._thread is None:
            self._loop = loop
            self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
            self._thread.start()
        done = loop.create_future()
        self._queue.append((write, done))
        self._wake.set()
        await done

    def stop(self) -> None:
        """Write what is left and end the thread. Does not raise for what failed before."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            stopping = self._stopping
            group = []
            while self._queue:
                group.append(self._queue.popleft())
            if group:
                self._commit([write for write, _ in group])
                self._resolve([done for _, done in group])
            if stopping:
                return

    def _commit(self, writes: Sequence[Write]) -> None:
        if self._failure is not None:
            return
        try:
            self._commit_group(writes)
        except BaseException as failure:
            self._failure = failure

    def _resolve(self, waiters: Sequence[asyncio.Future[None]]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_tell, waiters, self._failure)


def _tell(waiters: Sequence[asyncio.Future[None]], failure: BaseException | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue
        if failure is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(_as_run_error(failure))


def _as_run_error(failure: BaseException) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot write the run: {failure}; free some space or choose another --output "
        "(the same command resumes)"
    )
