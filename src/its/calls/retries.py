"""Trying again, and knowing when to stop trying for good."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from its.errors import CallError, EndpointError, KeyRejected, TransientCallError

_UNAVAILABLE = frozenset({429, 502, 503, 529})
_REFUSALS_AFTER_SUCCESS = 20
_OVERLOAD_PATIENCE = 10
_FIRST_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: the k-th wait is uniform on
    [0, min(longest, first · 2^k)] seconds, or the wait that the endpoint asks for where it is
    longer.

    `attempts` counts the first one; `deadline` is seconds for a call with all its retries. An
    endpoint that is not there, or says that it cannot serve anyone now, costs a call no attempt:
    how long that may last is the circuit's `patience`.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    deadline: float = 600.0

    def wait(self, failures: int, error: TransientCallError, random: Random) -> float:
        """Seconds to wait after so many failures (from 1)."""
        backoff = random.uniform(0, min(self.longest, self.first * 2 ** min(failures - 1, 32)))
        if error.retry_after is None:
            return backoff
        return error.retry_after + min(backoff, 1.0)


def is_unavailable(error: TransientCallError) -> bool:
    """Whether the endpoint is unavailable at this moment, whatever is asked."""
    return not error.answered or error.status in _UNAVAILABLE


class Circuit:
    """Lets calls pass while an endpoint works, holds them back while it does not, and stops the
    run once it plainly will not.

    A wait that the endpoint asks for, or `failures` failed attempts with no success between them,
    pause it for everyone. Then one call tries (half-open): where it succeeds all go on, where it
    fails the pause grows. The run stops after `patience` seconds in which several calls failed
    and none succeeded (429 alone: after ten times as long), at once where the account is at its
    end, and after `refusals` rejected keys in a row.
    """

    def __init__(
        self,
        *,
        failures: int = 4,
        refusals: int = 3,
        patience: float = 60.0,
        longest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_allowed = failures
        self._refusals_allowed = refusals
        self.patience = patience
        self._longest = longest
        self._clock = clock
        self._verdict: str | None = None
        self._ever_succeeded = False
        self._failures = 0
        self._refusals = 0
        self._failing_since: float | None = None
        self._failed_calls: set[int] = set()
        self._only_overloads = True
        self._paused_until = 0.0
        self._pauses = 0
        self._half_open = False
        self._trial: int | None = None
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def paused(self) -> bool:
        return self._half_open or self._clock() < self._paused_until

    @property
    def verdict(self) -> str | None:
        """Why the run has to stop; None while it may go on."""
        return self._verdict

    @property
    def troubled(self) -> bool:
        """Whether something has failed since the last success, or nothing has succeeded yet."""
        return bool(self._failures or self._refusals) or not self._ever_succeeded

    def check(self) -> None:
        """Raises EndpointError once the run has to stop."""
        if self._verdict is not None:
            raise EndpointError(self._verdict)

    async def passing(self, call: int) -> None:
        """Wait until this call may go. Raises EndpointError once the run has to stop."""
        while True:
            self.check()
            left = self._paused_until - self._clock()
            if self._half_open and self._trial not in (None, call):
                turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._queue.append(turn)
                try:
                    await turn
                except asyncio.CancelledError:
                    if turn.done() and not turn.cancelled():
                        self._wake(1)
                    raise
            elif left > 0:
                await asyncio.sleep(left)
            else:
                self._trial = call if self._half_open else None
                return

    def left(self, call: int) -> None:
        """Tell that a call is over, however it ended: another may be the one that tries."""
        if self._trial == call:
            self._trial = None
            self._wake(1)

    def succeeded(self) -> None:
        self._ever_succeeded = True
        self._failures = self._refusals = self._pauses = 0
        self._failing_since = None
        self._failed_calls.clear()
        self._only_overloads = True
        if self._half_open:
            self._half_open, self._trial, self._paused_until = False, None, 0.0
            self._wake(len(self._queue))

    def failed(self, error: CallError, call: int = 0) -> None:
        """Take a failed attempt into account; raises EndpointError when the run has to stop."""
        if isinstance(error, KeyRejected):
            self._refused(error)
        elif isinstance(error, TransientCallError):
            self._fault(error, call)
        self.check()

    def _refused(self, error: KeyRejected) -> None:
        self._refusals += 1
        allowed = self._refusals_allowed
        if error.status == 403 and self._ever_succeeded:
            allowed = max(allowed, _REFUSALS_AFTER_SUCCESS)
        if error.final or self._refusals >= allowed:
            self._stop(str(error))

    def _fault(self, error: TransientCallError, call: int) -> None:
        now = self._clock()
        self._failures += 1
        self._failed_calls.add(call)
        self._only_overloads = self._only_overloads and error.status == 429
        if self._failing_since is None:
            self._failing_since = now
        self._pause(error, now, tried=self._trial == call or not self.paused)
        lasted = now - self._failing_since
        longest = _OVERLOAD_PATIENCE * self.patience
        if error.retry_after is not None and error.retry_after > longest:
            self._stop(f"{error} (it asks to wait {error.retry_after:.0f} s)")
        over = lasted >= (longest if self._only_overloads else self.patience)
        if over and len(self._failed_calls) > 1:
            self._stop(f"{error} (nothing else for {lasted:.0f} s)")

    def _pause(self, error: TransientCallError, now: float, *, tried: bool) -> None:
        """Hold everyone back, where the endpoint asks for it or enough has failed in a row.

        Calls that were on their way already when the pause began do not lengthen it.
        """
        enough = self._failures >= self._failures_allowed
        self._half_open = self._half_open or enough
        if error.retry_after is not None:
            wait = error.retry_after
        elif enough and tried:
            wait = min(self._longest, _FIRST_PAUSE * 2 ** min(self._pauses, 16))
            self._pauses += 1
        else:
            return
        self._paused_until = max(self._paused_until, now + wait)

    def _stop(self, why: str) -> None:
        if self._verdict is None:
            self._verdict = f"{why} (the run stops here; the same command resumes it)"
        self._wake(len(self._queue))

    def _wake(self, number: int) -> None:
        while self._queue and number > 0:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                number -= 1
