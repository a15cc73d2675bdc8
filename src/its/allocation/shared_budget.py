"""One budget for a batch, at work: the problems of a window ask for samples in rounds.

Every problem says where it stands and waits; once all do, the policy grants the next samples. What
a round granted is remembered, so that a resumed run grants the same. The total is never exceeded:
`budget` is the parent of every problem's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from its.allocation.amounts import Limit
from its.allocation.batch import BatchPolicy, Standing, window_budget
from its.calls.budget import Amount, Budget, Cap

Remember = Callable[[str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a problem has drawn: its answers' classes (None abstains), the mean completion tokens
    of its samples, and how many more it may draw."""

    classes: Sequence[int | None]
    tokens: float | None
    left: int


class SharedBudget:
    """The budget of a whole run, and its division over one window of problems at a time.

    `scoring` is how many completions each candidate will cost at selection; they are held back.
    """

    def __init__(
        self,
        limit: Limit,
        scoring: int,
        recorded: Mapping[str, str],
        remember: Remember,
        policy: BatchPolicy | None = None,
    ) -> None:
        self.budget = Budget(_cap(limit))
        self._limit = limit
        self._scoring = scoring
        self._recorded = recorded
        self._remember = remember
        self._policy = policy or BatchPolicy()
        self._window = ""
        self._round = 0
        self._allowed = 0.0
        self._spent_before = 0.0
        self._drawn: dict[bytes, Drawn | None] = {}
        self._waiting: dict[bytes, asyncio.Future[int]] = {}
        self._deciding: asyncio.Task[None] | None = None

    def open_window(self, problems: Sequence[bytes], unseen: int | None) -> None:
        """Let these problems draw; `unseen` more come behind them (None: nobody knows)."""
        self._spent_before = self._measure(self.budget.spent)
        left = self._limit.value - self._spent_before
        # Known by its problems: a resumed run may find other windows finished before this one.
        self._window = blake2b(b"".join(problems), digest_size=8).hexdigest()
        self._round = 0
        self._drawn = dict.fromkeys(problems)
        self._allowed = window_budget(left, len(problems), unseen)

    async def further(self, problem: bytes, drawn: Drawn) -> int:
        """How many samples the problem may draw now; 0: no more at all."""
        self._drawn[problem] = drawn
        self._waiting[problem] = asyncio.get_running_loop().create_future()
        self._decide_when_all_wait()
        return await self._waiting[problem]

    def leave(self, problem: bytes) -> None:
        """The problem draws no more, and asks no more."""
        if problem in self._drawn:
            del self._drawn[problem]
            self._waiting.pop(problem, None)
            self._decide_when_all_wait()

    def _decide_when_all_wait(self) -> None:
        if self._drawn and len(self._waiting) == len(self._drawn):
            self._deciding = asyncio.ensure_future(self._decide())

    async def _decide(self) -> None:
        """Grant a round. Who gets nothing waits for the next one, unless nobody gets anything."""
        self._round += 1
        name = f"{self._window}/{self._round}"
        remembered = self._recorded.get(name)
        if remembered is None:
            grants = self._policy.grants(*self._standings())
            await self._remember(name, ",".join(map(str, grants)))
        else:
            grants = [int(grant) for grant in remembered.split(",")]
        over = not any(grants)
        for problem, grant in zip(list(self._drawn), grants, strict=True):
            if grant or over:
                self._waiting.pop(problem).set_result(grant)

    def _standings(self) -> tuple[list[Standing], float]:
        """Where every problem stands, and what may still be spent on drawing."""
        members = [drawn for drawn in self._drawn.values() if drawn is not None]
        samples = sum(len(drawn.classes) for drawn in members)
        spent = self._measure(self.budget.spent) - self._spent_before
        mean = spent / samples if samples else 0.0
        each = 1.0 if self._limit.unit == "completions" else mean
        held_back = each * self._scoring * samples
        standings = [
            Standing(
                votes=tuple(float(v) for v in Counter(_answers(drawn)).values()),
                abstained=len(drawn.classes) - len(_answers(drawn)),
                effort=drawn.tokens,
                left=drawn.left,
                cost=each * (1 + self._scoring),
            )
            for drawn in members
        ]
        return standings, self._allowed - spent - held_back

    def _measure(self, amount: Amount) -> float:
        if self._limit.unit == "completions":
            return amount.completions
        return amount.tokens if self._limit.unit == "tokens" else amount.usd


def _answers(drawn: Drawn) -> list[int]:
    return [number for number in drawn.classes if number is not None]


def _cap(limit: Limit) -> Cap:
    if limit.unit == "completions":
        return Cap(completions=int(limit.value))
    return Cap(tokens=int(limit.value)) if limit.unit == "tokens" else Cap(usd=limit.value)
