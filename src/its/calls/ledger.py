"""The run's bill as it grows. Every charge of a run passes `charge`, and nothing else counts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from its.calls.journal_rows import State
from its.usage import Usage, UsageSum


@dataclass(slots=True)
class Ledger:
    """What this session sent (`charged`) and what it took from the journal (`replayed`)."""

    in_flight: int = 0
    retries: int = 0
    cancelled: int = 0
    failed_calls: int = 0

    _charged: UsageSum = field(default_factory=UsageSum)
    _replayed: UsageSum = field(default_factory=UsageSum)
    _idle: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def charged(self) -> Usage:
        return self._charged.usage

    @property
    def replayed(self) -> Usage:
        return self._replayed.usage

    def started(self) -> None:
        self.in_flight += 1

    def ended(self) -> None:
        self.stand_at(self.in_flight - 1)

    def stand_at(self, in_flight: int) -> None:
        """So many calls are in flight now."""
        self.in_flight = in_flight
        while not self.in_flight and self._idle:
            self._idle.pop().set_result(None)

    async def idle(self) -> None:
        """Wait until no call is in flight."""
        if self.in_flight:
            self._idle.append(asyncio.get_running_loop().create_future())
            await self._idle[-1]

    def charge(self, usage: Usage, state: State) -> None:
        self._charged.add(usage)
        self.cancelled += state == "cancelled"
        self.failed_calls += state == "failed"

    def replay(self, usage: Usage) -> None:
        self._replayed.add(usage)

    def add(self, other: Ledger) -> None:
        """Count what another one holds, its calls in flight apart."""
        self._charged.add(other.charged)
        self._replayed.add(other.replayed)
        self.retries += other.retries
        self.cancelled += other.cancelled
        self.failed_calls += other.failed_calls

    def taken(self) -> Ledger:
        """What has come together so far; from now on it counts from nothing."""
        counts = (self.retries, self.cancelled, self.failed_calls)
        taken = Ledger(0, *counts, _charged=self._charged, _replayed=self._replayed)
        self._charged, self._replayed = UsageSum(), UsageSum()
        self.retries = self.cancelled = self.failed_calls = 0
        return taken
