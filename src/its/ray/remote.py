"""What a call needs of its run, where the run is another process: the journal, the slots, the
rates per minute and the circuit. The run holds them; here is what stands for them in a worker."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from its.allocation.shared_budget import DrawnSamples
from its.calls import entries
from its.calls.budget import Amount, Budget, Cap
from its.calls.journal_rows import Intent, RecordedCall, State
from its.calls.limits import Slots
from its.errors import CallError, EndpointError
from its.ray.link import Link
from its.ray.messages import (
    CircuitState,
    Delivered,
    Demand,
    Draw,
    Failed,
    GiveBack,
    Handout,
    Left,
    Overloaded,
    Pass,
    Reserve,
    Settled,
    Succeeded,
    Take,
)
from its.usage import Usage


class RemoteJournal:
    """The run's journal (see `calls.protocol.CallJournal`): what is recorded of a problem comes
    with it, and what is written is durable at the run before a call goes on."""

    def __init__(self, link: Link, directory: Path) -> None:
        self.directory = directory
        self._link = link
        self._numbers = count()
        self._handouts: dict[bytes, Handout] = {}

    def begin(self, key: bytes, handout: Handout) -> None:
        self._handouts[key] = handout

    def end(self, key: bytes) -> None:
        self._handouts.pop(key, None)

    def number_call(self) -> int:
        """A number of this worker's; the run gives it one of its own."""
        return next(self._numbers)

    async def intend(self, number: int, intent: Intent) -> None:
        await self._link.record(entries.Sent.of(number, intent))

    async def settle(
        self, number: int, state: State, usage: Usage, reply: bytes | None, error: str = ""
    ) -> None:
        await self._link.record(entries.Ended.of(number, state, usage, reply, error))

    async def decide(self, problem: bytes, name: str, value: str) -> None:
        await self._link.record(entries.Decided(problem, name, value))

    def calls_of(self, problem: bytes) -> list[RecordedCall]:
        return self._handouts[problem].calls

    def decisions_of(self, problem: bytes) -> dict[str, str]:
        return self._handouts[problem].decisions


class LeasedSlots(Slots):
    """Slots of which this worker may use as many as the run has leased to it."""

    def __init__(self, role: str, link: Link, ceiling: int) -> None:
        super().__init__(ceiling)
        self._role = role
        self._link = link
        self.limit = 0

    def lease(self, limit: int) -> None:
        self.limit = limit
        self._hand_out()
        self._link.wake()

    @property
    def demand(self) -> Demand:
        return Demand(self.limit, self.in_use, self.waiting)

    async def acquire(self, priority: int) -> None:
        self._link.wake()  # the run learns that slots are wanted
        await super().acquire(priority)

    def succeeded(self, seconds: float) -> None:
        self._link.tell(Delivered(self._role, seconds))

    def overloaded(self) -> None:
        self._link.tell(Overloaded(self._role))


class RemoteRate:
    """A rate per minute of the run (see `calls.protocol.RateLimit`)."""

    def __init__(self, role: str, kind: str, link: Link, *, limited: bool) -> None:
        self.limited = limited
        self._role = role
        self._kind = kind
        self._link = link

    async def take(self, amount: float) -> None:
        if self.limited:
            taken = Take(self._role, self._kind, amount)
            await self._link.ask(taken, undo=GiveBack(*taken))

    def give_back(self, amount: float) -> None:
        if self.limited:
            self._link.tell(GiveBack(self._role, self._kind, amount))


class RemoteBatchBudget:
    """The run's one budget for the batch (see `allocation.shared_budget.BatchBudget`)."""

    def __init__(self, link: Link) -> None:
        self.overspent = False
        self._link = link

    def budget_of(self, problem: bytes) -> Budget:
        return RemoteBudget(problem, self, self._link)

    async def further(self, problem: bytes, drawn: DrawnSamples) -> int:
        return await self._link.ask(Draw(problem, drawn)) or 0

    def leave(self, problem: bytes) -> None:
        """The run knows it by the problem's end."""


class RemoteBudget(Budget):
    """A problem's part of a budget that the run holds: every reservation is the run's."""

    def __init__(self, problem: bytes, whole: RemoteBatchBudget, link: Link) -> None:
        super().__init__(Cap())
        self._problem = problem
        self._whole = whole
        self._link = link

    async def reserve(self, bound: Amount) -> None:
        unused = Settled(self._problem, Amount(), bound)
        await self._link.ask(Reserve(self._problem, bound), undo=unused)

    def settle(self, bound: Amount, actual: Amount) -> None:
        self._link.tell(Settled(self._problem, actual, bound))

    def charge(self, amount: Amount) -> None:
        self._link.tell(Settled(self._problem, amount, None))

    def holds(self) -> bool:
        return not self._whole.overspent

    def _takes(self, bound: Amount) -> bool:
        return False


class RemoteCircuit:
    """The run's circuit (see `calls.protocol.CircuitBreaker`), as far as it is known here."""

    def __init__(self, role: str, link: Link, patience: float) -> None:
        self.patience = patience
        self._role = role
        self._link = link
        self._state = CircuitState()
        self._failed = False
        self._asked: set[int] = set()

    def know(self, state: CircuitState) -> None:
        self._state = state
        self._failed = False

    @property
    def paused(self) -> bool:
        return self._state.paused

    @property
    def troubled(self) -> bool:
        return self._state.troubled or self._failed

    @property
    def verdict(self) -> str | None:
        return self._state.verdict

    def check(self) -> None:
        if self.verdict is not None:
            raise EndpointError(self.verdict)

    async def passing(self, call: int) -> None:
        self._asked.add(call)
        await self._link.ask(Pass(self._role, call))

    def left(self, call: int) -> None:
        if call in self._asked:
            self._asked.remove(call)
            self._link.tell(Left(self._role, call))

    def succeeded(self) -> None:
        if self.troubled:
            self._link.tell(Succeeded(self._role))

    def failed(self, error: CallError, call: int = 0) -> None:
        self._failed = True
        self._link.tell(Failed(self._role, error, call))
        self.check()
