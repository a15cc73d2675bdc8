"""A generalist reward model: principles, critiques and scores by prompt, sampled and voted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.asking import on_unit
from its.rewards.judgements import Case, Form, Judgement, group_count, grouped, judge, rate
from its.rewards.protocol import Reward
from its.rewards.voting import AdaptiveVoting, JudgedScores, best_rated, totals


@dataclass(frozen=True, slots=True)
class Generalist(Reward):
    """Inference-time scaling of a generalist reward model (DeepSeek-GRM, arXiv:2504.02495).

    A call writes principles for this very question, a critique of each response and scores;
    responses are shuffled before each of up to `samples` samples, and the scores are summed. With
    `meta`, a second scorer rates each sample's judgement and the better half is kept. With
    `adaptive`, sampling ends as soon as more of it could hardly change the leader; it always ends
    when the next sample no longer fits the budget.

    `form`: `listwise` shows up to `largest` responses in one call, `pairwise` two, `pointwise`
    one. A verdict that cannot be read is asked for once more and then abstains. `rubric` is one
    to judge by; without it the model writes its own principles alone.
    """

    name = "generalist"
    shows_all = True

    samples: Annotated[int, Ge(1)] = 8
    form: Form = "listwise"
    largest: Annotated[int, Ge(2)] = 4
    meta: bool = False
    adaptive: bool = True
    rubric: str = ""
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.5

    def completions(self, candidates: int) -> int:
        calls = self.samples * group_count(candidates, self.form, self.largest)
        return calls * (3 if self.meta else 2)

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        texts = tuple(candidate.text for candidate in candidates)
        case = Case(
            question,
            texts,
            self.rubric,
            self.temperature,
            self.form,
            door,
            prompts,
        )
        judgements = await self._sample(case)
        ratings = await self._rate(case, judgements)
        samples: list[JudgedScores] = [judgement.scores for judgement in judgements]
        kept = best_rated(samples, ratings) if self.meta else samples
        low, high = case.scale
        return [
            _score(candidate.id, i, total, len(kept), judgements, ratings, (low, high))
            for i, (candidate, total) in enumerate(
                zip(candidates, totals(kept, len(texts)), strict=True)
            )
        ]

    async def _sample(self, case: Case) -> list[Judgement]:
        """Judgements one after the other while they pay; all at once where not adaptive."""
        count = len(case.texts)

        async def sample(ordinal: int) -> Judgement:
            label = f"grm/{case.name}/{ordinal}"
            return await judge(case, grouped(count, self.form, self.largest, label), label)

        if not count:
            return []
        if not self.adaptive:
            found = await asyncio.gather(*map(sample, range(self.samples)))
            return [judgement for judgement in found if judgement.verdicts]
        low, high = case.scale
        unit = 9 / (high - low)
        judgements: list[Judgement] = []
        scaled: list[JudgedScores] = []
        for ordinal in range(self.samples):
            remaining = case.door.remaining
            if remaining is not None and remaining < group_count(count, self.form, self.largest):
                break
            judgement = await sample(ordinal)
            if judgement.verdicts:
                judgements.append(judgement)
                scaled.append([None if v is None else v * unit for v in judgement.scores])
            left = self.samples - ordinal - 1
            if scaled and _RULE.decided(scaled, count, len(scaled) + left):
                break
        return judgements

    async def _rate(self, case: Case, judgements: Sequence[Judgement]) -> list[float | None]:
        if not self.meta or len(judgements) < 2:
            return [None] * len(judgements)
        return list(
            await asyncio.gather(
                *(
                    rate(case, judgement, f"grm_meta/{case.name}/{j}")
                    for j, judgement in enumerate(judgements)
                )
            )
        )


_RULE = AdaptiveVoting()


def _score(
    candidate: str,
    position: int,
    total: float | None,
    kept: int,
    judgements: Sequence[Judgement],
    ratings: Sequence[float | None],
    scale: tuple[float, float],
) -> Score:
    """One candidate's part of all judgements: its mean score, with the last critique as reason."""
    if total is None:
        return Score(candidate, None, "generalist", "no judgement of it could be read")
    critiques = [j.critiques[position] for j in judgements if j.critiques[position]]
    details: dict[str, Any] = {
        "scores": [judgement.scores[position] for judgement in judgements],
        "total": total,
        "critiques": critiques,
    }
    if any(rating is not None for rating in ratings):
        details["meta"] = list(ratings)
    low, high = scale
    reason = critiques[-1] if critiques else f"{total / kept:.2f} on average of {kept} judgements"
    return Score(candidate, on_unit(total / kept, low, high), "generalist", reason, details)
