"""One worker as its run sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from its.problems.problem import Problem
from its.ray.messages import Answer, CircuitState, Demand, Handout, Standing, ToWorker
from its.runs.workers import WorkerShare
from its.runs.written import WrittenRow


@dataclass(slots=True, eq=False)
class Job:
    """A problem that is to be solved; `gone` once no worker has it any more."""

    problem: Problem
    row: asyncio.Future[WrittenRow]
    member: Member | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Member:
    """One worker: what it holds, what it has said last, and what is to be said to it.

    `numbers` are the run's numbers of its calls in flight by its own, `leases` the slots that it
    was given by role, `wake` ends its turn.
    """

    share: WorkerShare
    wake: Callable[[], None]
    jobs: dict[bytes, Job] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)
    standing: Standing | None = None
    answering: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    passing: dict[tuple[str, int], int] = field(default_factory=dict)
    handouts: list[Handout] = field(default_factory=list)
    dropped: list[bytes] = field(default_factory=list)
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    granted: dict[str, int] = field(default_factory=dict)
    circuits: dict[str, CircuitState] = field(default_factory=dict)
    in_turn: bool = False

    @property
    def room(self) -> int:
        """How many more problems it would take."""
        if self.standing is None:
            return 0
        return self.standing.room - len(self.handouts)

    def demand(self, role: str) -> Demand:
        none = Demand(0, 0, 0)
        return none if self.standing is None else self.standing.demands.get(role, none)

    def held(self, role: str) -> int:
        """Slots that it may be using: what it was given, and what it has not given back yet."""
        demand = self.demand(role)
        return max(self.leases.get(role, 0), demand.limit, demand.in_use)

    def grant(self, role: str, limit: int) -> None:
        if limit != self.leases.get(role):
            self.leases[role] = self.granted[role] = limit

    def push(self) -> None:
        """Have what is to be said taken along soon."""
        if self.in_turn:
            self.in_turn = False
            self.wake()

    def say(self, circuits: dict[str, CircuitState], closed: bool, overspent: bool) -> ToWorker:
        """All that is to be said now; `circuits` are those of the run."""
        changed = {
            role: state for role, state in circuits.items() if self.circuits.get(role) != state
        }
        self.circuits.update(changed)
        message = ToWorker(
            self.handouts, self.dropped, self.answers, self.granted, changed, closed, overspent
        )
        self.handouts, self.dropped, self.answers, self.granted = [], [], [], {}
        self.in_turn = True
        return message

    def count(self, *, problems: int = 0, calls: int = 0) -> None:
        share = self.share
        in_flight = 0 if self.standing is None else self.standing.in_flight
        self.share = replace(
            share,
            problems=share.problems + problems,
            calls=share.calls + calls,
            in_flight=in_flight,
        )
