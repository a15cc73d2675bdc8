"""One budget for a batch, at work: the problems of a window ask for samples in rounds.

Every problem says where it stands and waits; once all do, the policy grants the next samples. What
a round granted is remembered, so that a resumed run grants the same. The total is never exceeded:
`budget` is the parent of every problem's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from its.allocation.amounts import Limit
from its.allocation.batch import BatchPolicy, DrawState, tie_of, window_budget
from its.calls.budget import Amount, Budget, Cap

Remember = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DrawnSamples:
    """What a problem has drawn: its answers' classes (None abstains), the mean completion tokens
    of its samples, and how many more it may draw."""

    classes: Sequence[int | None]
    tokens: float | None
    left: int


class BatchBudget(Protocol):
    """One budget for a batch, as the problems in it see it."""

    def budget_of(self, problem: bytes) -> Budget:
        """What the problem's own budget is a part of."""
        ...

    async def further(self, problem: bytes, drawn: DrawnSamples) -> int:
        """How many samples the problem may draw now; 0: no more at all."""
        ...

    def leave(self, problem: bytes) -> None:
        """The problem draws no more, and asks no more."""
        ...


class SharedBudget:
    """The budget of a whole run, and its division over one window of problems at a time.

    `choosing` is how many completions the choice among so many answers may take (0 for none); they
    are held back where the answers differ.
    """

    def __init__(
        self,
        limit: Limit,
        choosing: Callable[[int], int],
        recorded: Mapping[str, str],
        remember: Remember,
        policy: BatchPolicy | None = None,
    ) -> None:
        self.budget = Budget(_cap(limit))
        self._limit = limit
        self._choosing = choosing
        self._recorded = recorded
        self._remember = remember
        self._policy = policy or BatchPolicy()
        self._window = ""
        self._round = 0
        self._allowed = 0.0
        self._spent_before = 0.0
        self._drawn: dict[bytes, DrawnSamples | None] = {}
        self._waiting: dict[bytes, asyncio.Future[int]] = {}
        self._deciding: asyncio.Task[None] | None = None
        self._granted: dict[bytes, list[int]] = {}
        self._again: dict[bytes, deque[int]] = {}

    def open_window(self, problems: Sequence[bytes], unseen: int | None) -> None:
        """Let these problems draw; `unseen` more come behind them (None: unknown)."""
        self._spent_before = self._measure(self.budget.spent)
        left = self._limit.value - self._spent_before
        # Known by its problems: a resumed run may find other windows finished before this one.
        self._window = blake2b(b"".join(problems), digest_size=8).hexdigest()
        self._round = 0
        self._drawn = dict.fromkeys(problems)
        self._granted = {problem: [] for problem in problems}
        self._again = {}
        self._allowed = window_budget(left, len(problems), unseen)

    def budget_of(self, problem: bytes) -> Budget:
        return self.budget

    async def further(self, problem: bytes, drawn: DrawnSamples) -> int:
        if self._again.get(problem):
            return self._again[problem].popleft()
        self._drawn[problem] = drawn
        self._waiting[problem] = asyncio.get_running_loop().create_future()
        self._decide_when_all_wait()
        return await self._waiting[problem]

    def start_again(self, problem: bytes) -> None:
        """Whoever solved the problem was lost: it is solved again, and gets the same grants. The
        others' next round waits for it."""
        self._again[problem] = deque(self._granted[problem])
        self._waiting.pop(problem, None)

    def leave(self, problem: bytes) -> None:
        if problem in self._drawn:
            del self._drawn[problem]
            self._waiting.pop(problem, None)
            self._decide_when_all_wait()

    def _decide_when_all_wait(self) -> None:
        deciding = self._deciding is not None and not self._deciding.done()
        if self._drawn and len(self._waiting) == len(self._drawn) and not deciding:
            self._deciding = asyncio.ensure_future(self._decide())

    async def _decide(self) -> None:
        """Grant a round. Problems without a grant wait for the next one, unless none has one."""
        self._round += 1
        name = f"{self._window}/{self._round}"
        remembered = self._recorded.get(name)
        grants = {} if remembered is None else _read(remembered, list(self._drawn))
        if remembered is None or (not any(grants.values()) and self._joined()):
            counts = self._policy.grants(*self._states())
            grants = dict(zip(self._drawn, counts, strict=True))
        if remembered is None:
            await self._remember(name, _written(grants))
        over = not any(grants.values())
        for problem in list(self._drawn):
            if grants[problem] or over:
                self._give(problem, grants[problem])

    def _give(self, problem: bytes, grant: int) -> None:
        self._granted[problem].append(grant)
        if problem in self._waiting:
            self._waiting.pop(problem).set_result(grant)
        else:  # it has started again while the round was decided
            self._again[problem].append(grant)

    def _joined(self) -> bool:
        """Whether a problem has joined the window since its rounds were recorded."""
        return any(drawn is not None and not drawn.classes for drawn in self._drawn.values())

    def _states(self) -> tuple[list[DrawState], float]:
        """What every problem has drawn, and what may still be spent on drawing."""
        members = {key: drawn for key, drawn in self._drawn.items() if drawn is not None}
        samples = sum(len(drawn.classes) for drawn in members.values())
        spent = self._measure(self.budget.spent) - self._spent_before
        mean = spent / samples if samples else 0.0
        each = 1.0 if self._limit.unit == "completions" else mean
        held_back = each * sum(self._held(drawn) for drawn in members.values())
        states = [self._state(key, drawn, each) for key, drawn in members.items()]
        return states, self._allowed - spent - held_back

    def _state(self, problem: bytes, drawn: DrawnSamples, each: float) -> DrawState:
        answers = _answers(drawn)
        held = self._held(drawn)
        if drawn.classes:
            worst = self._choosing(len(answers) + 1) - held
            expected = worst if len(set(answers)) > 1 else 0
        else:
            worst = expected = 0  # an answer that was not checked is better than none
        return DrawState(
            votes=tuple(float(v) for v in Counter(answers).values()),
            abstained=len(drawn.classes) - len(answers),
            effort=drawn.tokens,
            left=drawn.left,
            cost=each * (1 + max(0, expected)),
            bound=each * (1 + max(0, worst)),
            tie=tie_of(problem),
        )

    def _held(self, drawn: DrawnSamples) -> int:
        """Completions that choosing among a problem's candidates will take: where all agree,
        nothing need be scored."""
        answers = _answers(drawn)
        return self._choosing(len(answers) if len(set(answers)) > 1 else min(1, len(answers)))

    def _measure(self, amount: Amount) -> float:
        if self._limit.unit == "completions":
            return amount.completions
        return amount.tokens if self._limit.unit == "tokens" else amount.usd


def _written(grants: Mapping[bytes, int]) -> str:
    """A round's grants as they are journaled: `key:samples` of those that draw."""
    return ",".join(f"{key.hex()}:{grant}" for key, grant in grants.items() if grant)


def _read(remembered: str, problems: Sequence[bytes]) -> dict[bytes, int]:
    """The grants of a round that an earlier session decided. Problems that have joined the window
    since draw nothing in it; earlier versions wrote one number per problem, in order."""
    parts = remembered.split(",") if remembered else []
    if parts and ":" not in parts[0]:
        return dict(zip(problems, [*map(int, parts), *[0] * len(problems)], strict=False))
    found = {bytes.fromhex(key): int(grant) for key, _, grant in (p.partition(":") for p in parts)}
    return {problem: found.get(problem, 0) for problem in problems}


def _answers(drawn: DrawnSamples) -> list[int]:
    return [number for number in drawn.classes if number is not None]


def _cap(limit: Limit) -> Cap:
    if limit.unit == "completions":
        return Cap(completions=int(limit.value))
    return Cap(tokens=int(limit.value)) if limit.unit == "tokens" else Cap(usd=limit.value)
