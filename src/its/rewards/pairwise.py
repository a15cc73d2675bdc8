"""Which of two candidates is better: a judge asked in both orders, and a league of all pairs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated

from annotated_types import Ge, Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask
from its.rewards.protocol import Reward


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a judge said of a pair: points for the first and for the second (a tie gives each
    half a point), and how many of the verdicts could be read."""

    first: float
    second: float
    verdicts: int

    @property
    def margin(self) -> float:
        """Above 0 where the first is better, below where the second is; 0 is a tie."""
        return self.first - self.second


async def compare(
    question: Question,
    first: Candidate,
    second: Candidate,
    door: Door,
    prompts: PromptSet,
    *,
    comparisons: int = 2,
    temperature: float | None = None,
) -> Comparison:
    """Ask `comparisons` times which of two is better, half of them in each order.

    A judge that always prefers the response it sees first thereby calls a tie. Verdicts that
    cannot be read count for nobody.
    """

    async def once(ordinal: int) -> float | None:
        swapped = ordinal % 2 == 1
        shown = (second, first) if swapped else (first, second)
        one, two = fenced([candidate.text for candidate in shown])
        messages = prompts.render(
            "pairwise", question, first=one, second=two, a=shown[0].text, b=shown[1].text
        )
        label = f"pair/{first.id}/{second.id}/{ordinal}"
        completion = await ask(door, door.request(messages, temperature=temperature), label)
        preference = None if completion is None else verdicts.preference(completion.text)
        return preference if preference is None or not swapped else 1 - preference

    replies = await asyncio.gather(*(once(ordinal) for ordinal in range(comparisons)))
    read = [reply for reply in replies if reply is not None]
    return Comparison(sum(read), len(read) - sum(read), len(read))


@dataclass(frozen=True, slots=True)
class League(Reward):
    """Every pair of candidates is compared; the score is the share of points won.

    Costs `comparisons` calls a pair, n(n-1)/2 pairs: best for a few candidates.
    """

    name = "league"

    comparisons: Annotated[int, Ge(1)] = 2
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return self.comparisons * candidates * (candidates - 1) // 2

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        pairs = list(combinations(range(len(candidates)), 2))
        results = await asyncio.gather(
            *(
                compare(
                    question,
                    candidates[i],
                    candidates[j],
                    door,
                    prompts,
                    comparisons=self.comparisons,
                    temperature=self.temperature,
                )
                for i, j in pairs
            )
        )
        points, games = [0.0] * len(candidates), [0] * len(candidates)
        for (i, j), result in zip(pairs, results, strict=True):
            points[i] += result.first
            points[j] += result.second
            games[i] += result.verdicts
            games[j] += result.verdicts
        return [
            Score(c.id, p / g if g else None, "league", f"{p:g} of {g} points against the others")
            for c, p, g in zip(candidates, points, games, strict=True)
        ]
