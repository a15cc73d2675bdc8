"""What one problem may spend: a hard cap, decided in the order of asking.

A call starts only when its upper bound still fits beside what is spent and what is in flight. One
that does not fit waits while earlier calls may still turn out cheaper than their bounds, and is
refused once they have all settled. Admission is first come, first served, so it depends on the
order in which calls are asked for and on what they cost, never on how fast they are.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from its.errors import BudgetExhausted


@dataclass(frozen=True, slots=True)
class Amount:
    """Completions, tokens (prompt and completion) and US dollars."""

    completions: int = 0
    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.completions + other.completions, self.tokens + other.tokens, self.usd + other.usd
        )

    def __sub__(self, other: Amount) -> Amount:
        return Amount(
            self.completions - other.completions, self.tokens - other.tokens, self.usd - other.usd
        )

    def within(self, other: Amount) -> Amount:
        """As much of each kind as the other has, too."""
        return Amount(
            min(self.completions, other.completions),
            min(self.tokens, other.tokens),
            min(self.usd, other.usd),
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that may be spent; None is no limit of that kind."""

    completions: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def holds(self, *amounts: Amount) -> bool:
        """Whether the amounts together are within it."""
        return (
            (self.completions is None or sum([a.completions for a in amounts]) <= self.completions)
            and (self.tokens is None or sum([a.tokens for a in amounts]) <= self.tokens)
            and (self.usd is None or sum([a.usd for a in amounts]) <= self.usd + 1e-12)
        )

    def exceeded_by(self, amount: Amount) -> str:
        """Which limit the amount breaks, in words."""
        if self.completions is not None and amount.completions > self.completions:
            return f"{self.completions} completions"
        if self.tokens is not None and amount.tokens > self.tokens:
            return f"{self.tokens} tokens"
        return f"{self.usd:g} USD" if self.usd is not None else "nothing"


class Budget:
    """The spending of one problem, or of one stage inside it (`parent`).

    A stage's budget asks its own cap first and then its parent's.
    """

    def __init__(self, cap: Cap, parent: Budget | None = None) -> None:
        self.cap = cap
        self.spent = Amount()
        self._parent = parent
        self._reserved = Amount()
        self._in_flight = 0
        self._waiting: deque[tuple[Amount, asyncio.Future[None]]] = deque()

    @property
    def remaining_completions(self) -> int | None:
        """Completions that may still be asked for, here and in the parent."""
        own = (
            None
            if self.cap.completions is None
            else self.cap.completions - self.spent.completions - self._reserved.completions
        )
        above = self._parent.remaining_completions if self._parent else None
        if own is None or above is None:
            return above if own is None else own
        return min(own, above)

    async def reserve(self, bound: Amount) -> None:
        """Hold back the bound of a call; raises BudgetExhausted where it can never fit."""
        if self._takes(bound):
            return
        await self._reserve_own(bound)
        if self._parent is not None:
            try:
                await self._parent.reserve(bound)
            except BaseException:
                self._release(bound)
                raise

    def settle(self, bound: Amount, actual: Amount) -> None:
        """Replace a reservation by what the call really cost."""
        self.spent = self.spent + actual
        self._release(bound)
        if self._parent is not None:
            self._parent.settle(bound, actual)

    def charge(self, amount: Amount) -> None:
        """Count spending that no reservation covered (a failed attempt's estimate)."""
        self.spent = self.spent + amount
        if self._parent is not None:
            self._parent.charge(amount)

    def holds(self) -> bool:
        """Whether what is spent and reserved is still within the cap, here and in the parent."""
        return self._fits(Amount()) and (self._parent is None or self._parent.holds())

    def _takes(self, bound: Amount) -> bool:
        """Hold it back at once where it fits, here and in the parent, and nobody waits."""
        if self._waiting or not self._fits(bound):
            return False
        if self._parent is not None and not self._parent._takes(bound):
            return False
        self._take(bound)
        return True

    async def _reserve_own(self, bound: Amount) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append((bound, waiter))
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(bound)
            else:
                self._waiting = deque(entry for entry in self._waiting if entry[1] is not waiter)
                self._admit()
            raise

    def _fits(self, bound: Amount) -> bool:
        return self.cap.holds(self.spent, self._reserved, bound)

    def _take(self, bound: Amount) -> None:
        self._reserved = self._reserved + bound
        self._in_flight += 1

    def _release(self, bound: Amount) -> None:
        self._reserved = self._reserved - bound
        self._in_flight -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiting:
            bound, waiter = self._waiting[0]
            if self._fits(bound):
                self._take(bound)
                answer: BudgetExhausted | None = None
            elif self._in_flight == 0:
                limit = self.cap.exceeded_by(self.spent + bound)
                answer = BudgetExhausted(f"the budget of {limit} leaves no room for another call")
            else:
                return
            self._waiting.popleft()
            if waiter.done():
                if answer is None:
                    self._reserved = self._reserved - bound
                    self._in_flight -= 1
            elif answer is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(answer)
