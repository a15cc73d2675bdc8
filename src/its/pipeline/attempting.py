"""One problem through a pipeline: difficulty, budget, stages, cascade."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from its.allocation.difficulty import Difficulty
from its.allocation.plan import planned_budget, split
from its.allocation.shared_budget import BatchBudget, DrawnSamples
from its.answers import Comparer
from its.calls.account import Account
from its.calls.budget import Budget, Cap
from its.calls.client import ModelClient
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.candidates import Candidate, Score, Selection
from its.errors import CallError
from its.pipeline.choosing import Choosing, choosing_cost
from its.pipeline.narration import (
    candidate_fields,
    difficulty_fields,
    selection_fields,
    texts_of,
)
from its.pipeline.plan import Level, Plan, Stage
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.protocol import Reward
from its.strategies.protocol import Assignment, Critic, Outcome
from its.strategies.self_consistency import SelfConsistency

DIFFICULTY_TOKENS = 32


@dataclass(frozen=True, slots=True)
class BoundScorer:
    """A reward with its question, door and prompts: what a strategy scores with."""

    reward: Reward
    question: Question
    door: StageDoor
    prompts: PromptSet

    def completions(self, candidates: int) -> int:
        return self.reward.completions(candidates)

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]:
        return await self.reward.score(self.question, candidates, self.door, self.prompts)


@dataclass(slots=True)
class Attempt:
    """One problem on its way through a plan. Holds what has been found so far."""

    question: Question
    plan: Plan
    account: Account
    context: CallContext
    comparer: Comparer
    shared: BatchBudget | None = None
    choosing: Choosing = field(init=False)
    difficulty: Difficulty | None = None
    planned: int | None = None
    stopped: bool = False
    last_stage: str | None = None
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.choosing = Choosing(
            self.question,
            self.plan,
            self.account,
            self.context,
            self.comparer,
            self.account.budget,
        )

    @property
    def candidates(self) -> list[Candidate]:
        return self.choosing.candidates

    async def run(self) -> Selection:
        """Spend the plan's budget and choose. Raises CallError when every call failed."""
        plan, account = self.plan, self.account
        above = self.shared.budget_of(account.problem) if self.shared else None
        account.open_budget(Cap(plan.maximum, plan.tokens, plan.usd), plan.seconds, above)
        self.difficulty = await self._find_difficulty()
        account.note("difficulty", **difficulty_fields(self.difficulty))
        self.planned = planned_budget(self.difficulty.value, plan.per_difficulty, plan.maximum)
        account.budget.cap = replace(account.budget.cap, completions=self.planned)
        account.note(
            "budget",
            planned=self.planned,
            tokens=plan.tokens,
            usd=plan.usd,
            seconds=plan.seconds,
        )
        selection = await self._run_stages(plan.stages, plan.cascade)
        for number, level in enumerate(plan.cascade, start=1):
            if selection.candidate is not None and (selection.confidence or 0) >= level.threshold:
                break
            selection = await self._escalate(level, selection, plan.cascade[number:])
        account.note("selection", **selection_fields(selection))
        return selection

    async def _run_stages(self, stages: Sequence[Stage], above: Sequence[Level]) -> Selection:
        """Try them in order, score what they brought, choose and verify. The levels above keep
        their share of the budget."""
        self.choosing.budget = self._level_budget(above)
        for stage in stages:
            await self._run_stage(stage)
        if not self.candidates and self.failures:
            raise CallError(self.failures[0])
        return await self.choosing.choose(self.stopped)

    def _level_budget(self, above: Sequence[Level]) -> Budget:
        """What is left, without an equal share for each level above or all that they can use."""
        budget, wanted = self.account.budget, 0
        left = budget.remaining_completions
        if left is None or not above:
            return budget
        for level in above:
            most = _most_completions(self.plan, level)
            wanted += left if most is None else most
        kept = min(wanted, left * len(above) // (len(above) + 1))
        return Budget(Cap(left - kept), budget)

    async def _escalate(self, level: Level, lower: Selection, above: Sequence[Level]) -> Selection:
        """Ask a larger model. Its candidates alone are chosen from, unless it has no answer."""
        self.account.note(
            "decision",
            stage="cascade",
            decision="escalates",
            model=level.model,
            reason=f"confidence {lower.confidence or 0:.2f} is under {level.threshold:g}",
        )
        below, self.choosing.candidates, self.stopped = self.candidates, [], False
        try:
            selection = await self._run_stages(level.stages, above)
        except CallError:
            selection = lower
        self.choosing.candidates = below + self.candidates
        return lower if selection.candidate is None else selection

    # --- difficulty -----------------------------------------------------------------------------

    async def _find_difficulty(self) -> Difficulty:
        return await self.plan.difficulty.assess(_Probe(self))

    # --- stages ---------------------------------------------------------------------------------

    async def _run_stage(self, stage: Stage) -> None:
        account = self.account
        if self.stopped:
            reason = "an earlier stage was sure enough"
            account.note("decision", stage=stage.name, decision="skipped", reason=reason)
            return
        if self.candidates and (self.planned or 0) < stage.from_budget:
            reason = f"needs a budget of {stage.from_budget}, planned {self.planned}"
            account.note("decision", stage=stage.name, decision="skipped", reason=reason)
            return
        level = self.choosing.budget
        free = level.remaining_completions or 0
        completions = split(
            free, self.choosing.cost, stage.strategy.candidates_from, first=not self.candidates
        )
        if completions < 1:
            account.note(
                "decision",
                stage=stage.name,
                decision="skipped",
                reason=f"{free} completions left are held for scoring",
            )
            return
        account.note(
            "stage",
            stage=stage.name,
            strategy=stage.strategy.name,
            model=stage.client.name,
            completions=completions,
            **({"models": [each.name for each in stage.models]} if stage.models else {}),
        )
        budget = Budget(Cap(completions), level)
        assignment = replace(
            self.assignment(
                stage.name, stage.strategy.name, stage.client, stage.prompts, budget, stage.reward
            ),
            models=stage.models,
        )
        try:
            outcome = await stage.strategy.run(replace(assignment, cuts=stage.cuts))
        except CallError as error:
            self.failures.append(f"{stage.name}: {error}")
            account.note("decision", stage=stage.name, decision="failed", reason=str(error))
            return
        self.take(stage.name, outcome)
        await self._note_cuts(stage, outcome)
        self.last_stage = stage.strategy.name
        if outcome.note or outcome.stopped:
            agreed = f"after {len(outcome.candidates)} samples, more would hardly change the answer"
            account.note(
                "decision",
                stage=stage.name,
                reason=outcome.note or agreed,
                decision="stopped" if outcome.stopped else "ended",
            )

    async def _note_cuts(self, stage: Stage, outcome: Outcome) -> None:
        """Tell which samples do not count, and write down what stopping them saved."""
        for label, reason in outcome.left_out.items():
            said = f"sample {label}: {reason}"
            self.account.note("decision", stage=stage.name, decision="left out", reason=said)
        if stage.cuts:
            name, saved = f"savings/{stage.name}", outcome.savings.as_json()
            await self.context.journal.decide(self.account.problem, name, saved)

    def assignment(
        self,
        stage: str,
        strategy: str,
        client: ModelClient,
        prompts: PromptSet,
        budget: Budget,
        reward: Reward | None = None,
    ) -> Assignment:
        """What a strategy works with when it runs as this stage, within this budget."""
        plan = self.plan
        return Assignment(
            question=self.question,
            door=self.door(stage, strategy, client, budget),
            prompts=prompts,
            read=self.choosing.read,
            same=self.comparer.same,
            completions=budget.remaining_completions or 0,
            seed=self._seed(),
            scorer=None if reward is None else self._scorer(stage, reward, budget),
            stop=plan.stop,
            lookahead=plan.lookahead,
            earlier=tuple(self.candidates),
            stage=stage,
            critic=self._critic(stage, strategy, budget),
            allowance=None if self.shared is None else self._allowance,
        )

    def _seed(self) -> int:
        """This problem's own, so that searches of two problems share no random draw."""
        name = f"{self.context.seed}/{self.account.problem.hex()}"
        return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")

    async def _allowance(
        self, answers: Sequence[int | None], tokens: float | None, left: int
    ) -> int:
        assert self.shared is not None
        drawn = DrawnSamples(tuple(answers), tokens, left)
        waiting = time.monotonic()
        try:
            return await self.shared.further(self.account.problem, drawn)
        finally:  # the others' rounds take none of this problem's time
            self.account.postpone_deadline(time.monotonic() - waiting)

    def _critic(self, stage: str, strategy: str, budget: Budget) -> Critic | None:
        plan = self.plan
        if plan.judge is plan.client:
            return None
        return Critic(self.door(stage, strategy, plan.judge, budget), plan.judge_prompts)

    def _scorer(self, stage: str, reward: Reward, budget: Budget) -> BoundScorer:
        plan = self.plan
        door = self.door(f"{stage}/score", reward.name, plan.judge, budget)
        return BoundScorer(reward, self.question, door, plan.judge_prompts)

    def take(self, stage: str, outcome: Outcome) -> None:
        texts = texts_of(self.account.events)
        for candidate in outcome.candidates:
            self.candidates.append(candidate)
            self.account.note("candidate", stage=stage, **candidate_fields(candidate, texts))
        for score in outcome.scores:
            self.choosing.take_score(score)
        self.failures.extend(outcome.failures)
        self.stopped = self.stopped or outcome.stopped

    def door(self, stage: str, strategy: str, client: ModelClient, budget: Budget) -> StageDoor:
        return StageDoor(self.context, self.account, client, stage, strategy, budget)


def _most_completions(plan: Plan, level: Level) -> int | None:
    """The most that a level and choosing among its candidates can use; None where nothing bounds
    it."""
    used = candidates = 0
    for stage in level.stages:
        scoring = stage.reward.completions(1) if stage.reward else 0
        most = stage.strategy.most_completions(scoring)
        if most is None:
            return None
        used += most
        candidates += stage.strategy.candidates_from(most)
    return used + choosing_cost(plan, candidates, candidates)


@dataclass(frozen=True, slots=True)
class _Probe:
    """How a difficulty method asks about the problem of an attempt (see DifficultyProbe)."""

    attempt: Attempt

    @property
    def question(self) -> str:
        return self.attempt.question.text

    async def ask(self) -> str | None:
        attempt, plan = self.attempt, self.attempt.plan
        door = attempt.door("difficulty", "ask", plan.client, attempt.account.budget)
        messages = plan.prompts.render("difficulty", attempt.question)
        request = door.request(messages, temperature=0.0, max_tokens=DIFFICULTY_TOKENS)
        try:
            return (await door.complete(request, "difficulty")).text
        except CallError:
            return None

    async def sample(self, samples: int) -> Sequence[int | None]:
        """The samples are candidates like any other: nothing of them is thrown away. No more are
        drawn than even the easiest problem's plan holds."""
        attempt, plan = self.attempt, self.attempt.plan
        samples = min(samples, planned_budget(1, plan.per_difficulty, plan.maximum))
        budget = Budget(Cap(samples), attempt.account.budget)
        outcome = await SelfConsistency(n=samples).run(
            attempt.assignment("difficulty", "probe", plan.client, plan.prompts, budget)
        )
        attempt.take("difficulty", outcome)
        return await attempt.choosing.classes(attempt.candidates)
