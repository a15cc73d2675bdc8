"""Choosing among the candidates of one problem: classes of answers, scores, selection,
verification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from its.answers import Comparer
from its.calls.account import Account
from its.calls.budget import Budget
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.candidates import Answer, Candidate, Score, Selection, without_guesses
from its.grading.grader import read_answer
from its.pipeline.plan import Plan
from its.problems.problem import Question
from its.rewards.asking import verify
from its.rewards.pairwise import Made
from its.selection.protocol import Ballot


def choosing_cost(plan: Plan, unscored: int, answered: int) -> int:
    """The most completions that scoring, selecting and one check may take.

    `answered` candidates have an answer, `unscored` of them no score yet. The last of these may go
    unscored (it then weighs the mean of the others), so a plan of 10 with one completion per score
    is: question 1, attempts 5, scores 4. A reward that weighs candidates against each other, and a
    selection, need all of them.
    """
    reward, scoring = plan.reward, 0
    if reward is not None and answered > 1:
        scoring = reward.completions(unscored if reward.together else max(0, unscored - 1))
    checking = min(answered, plan.verify_attempts, 1)
    return scoring + plan.selector.completions(answered) + checking


@dataclass(slots=True)
class Choosing:
    """The candidates of one problem, the scores that were paid for, and the choice between them."""

    question: Question
    plan: Plan
    account: Account
    context: CallContext
    comparer: Comparer
    budget: Budget
    candidates: list[Candidate] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    made: Made = field(default_factory=dict)
    _classified: tuple[list[Answer | None], list[int | None]] = field(
        default_factory=lambda: ([], [])
    )

    def read(self, text: str) -> Answer | None:
        return read_answer(text, self.question, self.question.kind)

    async def classes(self, candidates: Sequence[Candidate]) -> list[int | None]:
        """A class number for each candidate. A guess (the last number in a text) abstains where
        any candidate states its answer."""
        numbers = await self.answer_classes(candidates)
        guesses = [c.answer is not None and c.answer.fallback for c in candidates]
        return without_guesses(numbers, guesses)

    async def answer_classes(self, candidates: Sequence[Candidate]) -> list[int | None]:
        """A class number for each candidate's answer, a guess or not; the same candidates' are
        found once."""
        answers = [candidate.answer for candidate in candidates]
        if answers != self._classified[0]:
            self._classified = answers, await self.comparer.classes(answers)
        return self._classified[1]

    def cost(self, more: int = 0) -> int:
        """The most completions that choosing may take once `more` candidates have come."""
        answered = sum(candidate.answer is not None for candidate in self.candidates)
        return choosing_cost(self.plan, len(self.unscored()) + more, answered + more)

    def unscored(self) -> list[Candidate]:
        scored = {score.candidate for score in self.scores}
        return [c for c in self.candidates if c.answer is not None and c.id not in scored]

    async def choose(self, stopped: bool) -> Selection:
        """Score, select and verify; `stopped` where the samples agreed enough to end early."""
        await self._score_candidates(stopped)
        selection = await self._verified(await self._select(self.candidates))
        if selection.confidence is None:
            return selection
        confidence = self.plan.calibration.of(self._of_one(selection) or selection.confidence)
        return replace(selection, confidence=confidence)

    def _of_one(self, selection: Selection) -> float | None:
        """The confidence of a single sample: no vote says anything of it, but the probabilities of
        its own tokens do, where they came. None where there are several, or a check has failed."""
        answered = [c for c in self.candidates if c.answer is not None]
        logprob = answered[0].mean_logprob if len(answered) == 1 else None
        if logprob is None or not math.isfinite(logprob) or selection.verified is False:
            return None
        return math.exp(min(logprob, 0.0))

    async def _score_candidates(self, stopped: bool) -> None:
        """Only where scores can change the choice: not after an early stop, nor for one answer."""
        plan, unscored = self.plan, self.unscored()
        if plan.reward is None or stopped or not unscored:
            return
        distinct = {number for number in await self.classes(self.candidates) if number is not None}
        if len(distinct) < 2:
            return
        door = self._door("selection", plan.reward.name)
        for score in await plan.reward.score(self.question, unscored, door, plan.judge_prompts):
            self.take_score(score)

    def take_score(self, score: Score) -> None:
        self.scores.append(score)
        self.account.note(
            "score",
            candidate=score.candidate,
            value=score.value,
            reward=score.reward,
            reason=score.reason,
        )

    async def _select(self, candidates: Sequence[Candidate]) -> Selection:
        plan = self.plan
        door = self._door("selection", plan.selector.name)
        return await plan.selector.select(
            Ballot(
                self.question,
                candidates,
                await self.classes(candidates),
                self.scores,
                door,
                plan.judge_prompts,
                self.made,
            )
        )

    async def _verified(self, selection: Selection) -> Selection:
        """Check the choice; while a check fails, choose again among the other answers."""
        first, left = selection, list(self.candidates)
        door = self._door("verification", "verify")
        for _ in range(self.plan.verify_attempts):
            chosen = selection.candidate
            if chosen is None:
                break
            passed = await verify(self.question, chosen, door, self.plan.judge_prompts)
            if passed is None:
                break
            self.account.note(
                "decision",
                stage="verification",
                candidate=chosen.id,
                decision="passed" if passed else "rejected",
                reason="another way of solving it agrees" if passed else "the check failed",
            )
            if passed:
                return replace(selection, verified=True)
            numbers = await self.classes(left)
            rejected = numbers[left.index(chosen)]
            left = [c for c, number in zip(left, numbers, strict=True) if number != rejected]
            selection = await self._among_all(await self._select(left), left)
        return _rejected(first) if selection.candidate is None else selection

    async def _among_all(self, selection: Selection, left: Sequence[Candidate]) -> Selection:
        """The confidence of a choice among those left, measured on all that voted: what was
        rejected has voted against it."""
        if selection.confidence is None:
            return selection
        share = await self._voting(left) / await self._voting(self.candidates)
        return replace(
            selection,
            confidence=selection.confidence * share,
            reason=f"{selection.reason}; what was chosen before it failed its check",
        )

    async def _voting(self, candidates: Sequence[Candidate]) -> float:
        numbers = await self.classes(candidates)
        return math.fsum(
            c.weight for c, number in zip(candidates, numbers, strict=True) if number is not None
        )

    def _door(self, stage: str, strategy: str) -> StageDoor:
        """The judge's door, on what is left of the budget."""
        return StageDoor(self.context, self.account, self.plan.judge, stage, strategy, self.budget)


def _rejected(selection: Selection) -> Selection:
    """A choice that failed its check, for want of any other: marked, and half as sure."""
    if selection.candidate is None:
        return selection
    return replace(
        selection,
        confidence=(selection.confidence or 0.0) / 2,
        reason=f"{selection.reason}; it failed its check, and so did every other answer",
        verified=False,
    )
