"""How many calls may be on their way to one model at once, and how many a minute."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import count


class Slots:
    """One model's pool of slots, handed out by priority (lower first), then by arrival.

    The limit adapts between `floor` and `ceiling`: it starts at the ceiling, an overload answer
    (429, 503) takes it down by 30 %, and a full limit's worth of successes whose latency holds
    (at most twice the best average seen) gives one slot back.
    """

    def __init__(self, ceiling: int, floor: int = 1) -> None:
        self.ceiling = ceiling
        self.floor = min(floor, ceiling)
        self.limit = ceiling
        self.in_use = 0
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._successes = 0
        self._latency: float | None = None
        self._best_latency: float | None = None
        self._last_shrink = float("-inf")

    @property
    def waiting(self) -> int:
        return sum(not waiter.done() for _, _, waiter in self._waiting)

    def take(self) -> bool:
        """Take a slot if one is free and nobody waits."""
        free = self.in_use < self.limit and not self._waiting
        self.in_use += free
        return free

    async def acquire(self, priority: int) -> None:
        if self.take():
            return
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), waiter))
        self._hand_out()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def release(self) -> None:
        self.in_use -= 1
        self._hand_out()

    def succeeded(self, seconds: float) -> None:
        """Tell the latency of a delivered call; may give back a slot lost to an overload."""
        self._latency = seconds if self._latency is None else self._latency * 0.9 + seconds * 0.1
        if self._best_latency is None or self._latency < self._best_latency:
            self._best_latency = self._latency
        if self.limit >= self.ceiling:
            return
        self._successes += 1
        if self._successes >= self.limit and self._latency <= 2 * self._best_latency:
            self._successes = 0
            self.limit += 1
            self._hand_out()

    def overloaded(self) -> None:
        """Tell that the endpoint asked for less; shrinks at most once a second."""
        now = time.monotonic()
        if now - self._last_shrink >= 1.0:
            self._last_shrink = now
            self._successes = 0
            self.limit = max(self.floor, int(self.limit * 0.7))

    def _hand_out(self) -> None:
        while self._waiting and self.in_use < self.limit:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                self.in_use += 1
                waiter.set_result(None)


class PerMinute:
    """A rate of requests or tokens per minute: reserved before sending, reconciled after.

    A bucket that fills evenly and holds a sixth of a minute's worth, so a burst stays short.
    """

    def __init__(self, amount: float | None) -> None:
        self._rate = None if amount is None else amount / 60.0
        self._capacity = 0.0 if amount is None else max(amount / 6.0, 1.0)
        self._level = self._capacity
        self._updated = time.monotonic()

    @property
    def limited(self) -> bool:
        return self._rate is not None

    async def take(self, amount: float) -> None:
        """Wait until the amount is there (an amount over the capacity goes into debt)."""
        if self._rate is None:
            return
        self._refill()
        self._level -= amount
        if self._level < 0:
            try:
                await asyncio.sleep(-self._level / self._rate)
            except asyncio.CancelledError:
                self.give_back(amount)
                raise

    def give_back(self, amount: float) -> None:
        """Return what was reserved and not used."""
        if self._rate is not None:
            self._level = min(self._capacity, self._level + amount)

    def _refill(self) -> None:
        now = time.monotonic()
        if self._rate is not None:
            self._level = min(self._capacity, self._level + (now - self._updated) * self._rate)
        self._updated = now


class Waiting:
    """What calls wait for at this moment, for the progress display: reason to how many.

    `elsewhere` is what calls of other processes wait for.
    """

    def __init__(self) -> None:
        self._here: dict[str, int] = {}
        self.elsewhere: Mapping[str, int] = {}

    @property
    def reasons(self) -> dict[str, int]:
        return dict(Counter(self._here) + Counter(self.elsewhere))

    def for_(self, reason: str) -> _Wait:
        return _Wait(self._here, reason)


class _Wait:
    """One call's wait, counted from its beginning to its end."""

    __slots__ = ("_reason", "_reasons")

    def __init__(self, reasons: dict[str, int], reason: str) -> None:
        self._reasons, self._reason = reasons, reason

    def __enter__(self) -> None:
        self._reasons[self._reason] = self._reasons.get(self._reason, 0) + 1

    def __exit__(self, *raised: object) -> None:
        self._reasons[self._reason] -= 1
        if not self._reasons[self._reason]:
            del self._reasons[self._reason]


class Admission:
    """Open while a run goes on. Once closed, nothing passes any more: calls in flight end as
    they end, and whoever asks for another waits until it is cancelled."""

    def __init__(self) -> None:
        self.closed = False
        self._watching: list[Callable[[], None]] = []

    def watch(self, closed: Callable[[], None]) -> None:
        """Have it called once this is closed."""
        self._watching.append(closed)

    def close(self) -> None:
        self.closed = True
        for closed in self._watching:
            closed()

    async def passing(self) -> None:
        if self.closed:
            await asyncio.get_running_loop().create_future()
