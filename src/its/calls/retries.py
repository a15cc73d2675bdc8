"""Trying again, and knowing when to stop trying for good."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from its.errors import CallError, EndpointError, KeyRejected, TransientCallError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: the k-th wait is uniform on
    [0, min(longest, first · 2^k)] seconds, or the endpoint's own Retry-After where it is longer.

    `attempts` counts the first one; `deadline` is seconds for a call with all its retries.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    deadline: float = 600.0

    def wait(self, failures: int, error: TransientCallError, random: Random) -> float:
        """Seconds to wait after so many failures (from 1)."""
        backoff = random.uniform(0, min(self.longest, self.first * 2 ** (failures - 1)))
        if error.retry_after is None:
            return backoff
        return error.retry_after + min(backoff, 1.0)


class Circuit:
    """Stops the whole run once an endpoint is plainly unusable.

    It opens after `refusals` calls in a row were refused for their key, or `failures` attempts in
    a row came to nothing with no success between them. Once open, every further call raises.
    """

    def __init__(self, failures: int = 30, refusals: int = 3) -> None:
        self._failures_allowed = failures
        self._refusals_allowed = refusals
        self._failures = 0
        self._refusals = 0
        self._verdict: str | None = None

    def check(self) -> None:
        """Raises EndpointError once open."""
        if self._verdict is not None:
            raise EndpointError(self._verdict)

    def succeeded(self) -> None:
        self._failures = 0
        self._refusals = 0

    def failed(self, error: CallError) -> None:
        """Count a failed attempt; raises EndpointError when it is one too many."""
        if isinstance(error, KeyRejected):
            self._refusals += 1
        elif isinstance(error, TransientCallError) and error.status != 429:
            self._failures += 1
        if self._refusals >= self._refusals_allowed or self._failures >= self._failures_allowed:
            self._verdict = f"{error} (the run stops here; the same command resumes it)"
        self.check()
