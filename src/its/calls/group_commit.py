"""Everything that waits to be written is committed as one group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from its.errors import RunDirectoryError

Write = Callable[[], object]


class GroupCommit:
    """Commits, once a turn of the event loop, all writes that came together in it.

    It stays on the loop's own thread: a commit takes some 50 µs, handing it to another thread and
    waking up again took several times as much. A write that fails ends the run: it and every later
    one raise RunDirectoryError.
    """

    def __init__(self, commit_group: Callable[[Sequence[Write]], None]) -> None:
        self._commit_group = commit_group
        self._waiting: list[tuple[Write, asyncio.Future[None]]] = []
        self._failure: BaseException | None = None

    async def commit(self, write: Write) -> None:
        """Returns once the write is durable. A cancelled wait does not take the write back."""
        if self._failure is not None:
            raise _as_run_error(self._failure)
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._waiting:
            loop.call_soon(self.flush)
        self._waiting.append((write, done))
        await done

    def flush(self) -> None:
        """Commit what waits. Does not raise: who waits is told."""
        group, self._waiting = self._waiting, []
        if not group:
            return
        if self._failure is None:
            try:
                self._commit_group([write for write, _ in group])
            except Exception as failure:
                self._failure = failure
        for _, done in group:
            if done.done():
                continue
            if self._failure is None:
                done.set_result(None)
            else:
                done.set_exception(_as_run_error(self._failure))


def _as_run_error(failure: BaseException) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot write the run: {failure}; free some space or choose another --output "
        "(the same command resumes)"
    )
