"""Judging one item with a reward, with its bill and its story."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from its.calls.account import Account
from its.calls.budget import Cap
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.candidates import Answer, Candidate, Score
from its.judging.accuracy import credit
from its.pipeline.plan import Plan
from its.pipeline.solution import Status
from its.problems.problem import Problem
from its.rewards.protocol import Reward
from its.rewards.voting import leaders, margin
from its.usage import Usage

STAGE = "judge"


@dataclass(frozen=True, slots=True)
class Judged:
    """One item's row. `winner` is the first of the best scored responses, None where none has a
    score; `leaders` all of them; `margin` how far the best score is above the next."""

    id: str
    index: int
    status: Status
    winner: int | None = None
    leaders: tuple[int, ...] = ()
    margin: float | None = None
    scores: tuple[Score, ...] = ()
    label: int | None = None
    reward: str = ""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line in `solutions.jsonl`. `correct` is strict: the right response leads alone;
        `credit` is shared evenly among those that tie for the lead."""
        earned = None
        if self.label is not None and self.status != "failed":
            earned = credit([score.value for score in self.scores], self.label)
        return {
            "id": self.id,
            "index": self.index,
            "status": self.status,
            "winner": self.winner,
            "leaders": self.leaders,
            "margin": None if self.margin is None else round(self.margin, 6),
            "scores": [None if s.value is None else round(s.value, 6) for s in self.scores],
            "critiques": [score.reason for score in self.scores],
            "details": [score.details for score in self.scores],
            "reward": self.reward,
            "label": self.label,
            "correct": None if earned is None else bool(earned.strict),
            "credit": None if earned is None else round(earned.ties_even, 6),
            "usage": self.usage.as_dict(),
            "seconds": round(self.seconds, 3),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class JudgedStory:
    """An item's row and its events, in order."""

    solution: Judged
    events: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Takes items one at a time (many at once) through one reward, each within the budget."""

    reward: Reward
    plan: Plan
    context: CallContext

    async def solve(self, problem: Problem) -> JudgedStory:
        """A row for every item: what fails inside costs only this item.

        Raises EndpointError when the endpoint is unusable for good, and RunDirectoryError when
        the run cannot be written.
        """
        started = time.monotonic()
        account = self._open_account(problem)
        scores = await self._score(problem, account)
        for score in scores:
            account.note("score", candidate=score.candidate, value=score.value, reason=score.reason)
        values = [score.value for score in scores]
        first, error = leaders(values), _failure(account)
        status: Status = "answered" if first else "failed" if error else "unanswered"
        judged = Judged(
            problem.id,
            problem.index,
            status,
            winner=first[0] if first else None,
            leaders=tuple(first),
            margin=margin(values),
            scores=tuple(scores),
            label=problem.reference,
            reward=self.reward.name,
            usage=account.usage,
            seconds=time.monotonic() - started,
            error=error if status == "failed" else None,
        )
        account.note("selection", winner=judged.winner, leaders=first, margin=judged.margin)
        return JudgedStory(judged, tuple(account.events))

    async def _score(self, problem: Problem, account: Account) -> Sequence[Score]:
        plan = self.plan
        candidates = [
            Candidate(f"response/{i}", text, Answer(text, "text"))
            for i, text in enumerate(problem.question.choices)
        ]
        door = StageDoor(self.context, account, plan.judge, STAGE, self.reward.name, account.budget)
        question = replace(problem.question, choices=())
        return await self.reward.score(question, candidates, door, plan.judge_prompts)

    def _open_account(self, problem: Problem) -> Account:
        plan, journal = self.plan, self.context.journal
        account = Account(
            problem.key,
            problem.index,
            journal.calls_of(problem.key),
            journal.decisions_of(problem.key),
        )
        account.open_budget(Cap(plan.maximum, plan.tokens, plan.usd), plan.seconds)
        return account


def _failure(account: Account) -> str | None:
    """The first error, where calls failed and none came back."""
    calls = [event for event in account.events if event["event"] == "call"]
    errors = [event["error"] for event in calls if "error" in event]
    return errors[0] if errors and len(errors) == len(calls) else None
