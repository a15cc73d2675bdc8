"""Which of two candidates is better: a judge asked in both orders, and a league of all pairs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
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

Made = dict[tuple[str, str, int], float | None]
"""Comparisons that were made: how far the text shown first was preferred, by both texts in the
order in which they were shown, and the number of this comparison among the equal ones."""


@dataclass(frozen=True, slots=True)
class PairComparison:
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
    made: Made | None = None,
) -> PairComparison:
    """Ask `comparisons` times (an even number) which of two is better, half in each order.

    A judge that always prefers the response it sees first thereby calls a tie. Verdicts that
    cannot be read count for neither. What `made` holds is not asked again; what is asked goes in.
    """
    made = {} if made is None else made

    async def once(ordinal: int) -> float | None:
        swapped = ordinal % 2 == 1
        shown = (second, first) if swapped else (first, second)
        comparison = (shown[0].text, shown[1].text, ordinal // 2)
        if comparison not in made:
            await ask_for(shown, comparison, ordinal)
        preference = made.get(comparison)
        return preference if preference is None or not swapped else 1 - preference

    async def ask_for(
        shown: tuple[Candidate, Candidate], comparison: tuple[str, str, int], ordinal: int
    ) -> None:
        one, two = fenced([candidate.text for candidate in shown])
        messages = prompts.render(
            "pairwise", question, first=one, second=two, a=shown[0].text, b=shown[1].text
        )
        label = f"pair/{first.id}/{second.id}/{ordinal}"
        completion = await ask(door, door.request(messages, temperature=temperature), label)
        if completion is not None:
            made[comparison] = verdicts.preference(completion.text)

    replies = await asyncio.gather(*(once(ordinal) for ordinal in range(comparisons)))
    read = [reply for reply in replies if reply is not None]
    return PairComparison(sum(read), len(read) - sum(read), len(read))


def even(comparisons: int) -> int:
    """The number of comparisons per pair: the next even one, half in each order."""
    return comparisons + comparisons % 2


def affordable(remaining: int | None, comparisons: int, pairs: int) -> int:
    """How often each of so many pairs can be compared with what is left: an even number."""
    wanted = even(comparisons)
    if remaining is None or pairs == 0:
        return wanted
    return min(wanted, remaining // pairs // 2 * 2)


@dataclass(frozen=True, slots=True)
class League(Reward):
    """Every pair of candidates is compared; the score is the share of points won.

    Costs `comparisons` calls per pair (an odd number counts as the next even one), n(n-1)/2 pairs:
    best for a few candidates. Where fewer calls are left, every candidate still meets equally many
    others, each in both orders.
    """

    name = "league"
    together = True

    comparisons: Annotated[int, Ge(1)] = 2
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return even(self.comparisons) * candidates * (candidates - 1) // 2

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        pairs, each = self._schedule(len(candidates), door.remaining)
        results = await asyncio.gather(
            *(
                compare(
                    question,
                    candidates[i],
                    candidates[j],
                    door,
                    prompts,
                    comparisons=each,
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

    def _schedule(self, count: int, remaining: int | None) -> tuple[list[tuple[int, int]], int]:
        """Which pairs meet, and how often: all of them, else fewer comparisons each, else rings
        of neighbours at growing distances as far as the calls go."""
        pairs = [(i, j) for ring in _rings(count) for i, j in ring]
        each = affordable(remaining, self.comparisons, len(pairs))
        if each or remaining is None:
            return pairs, each
        meetings: list[tuple[int, int]] = []
        for ring in _rings(count):
            if 2 * (len(meetings) + len(ring)) > remaining:
                break
            meetings += ring
        return meetings, 2


def _rings(count: int) -> list[list[tuple[int, int]]]:
    """All pairs of `count` in rings: everyone with the next, everyone with the one after, ..."""
    rings = []
    for distance in range(1, count // 2 + 1):
        pairs = {tuple(sorted((i, (i + distance) % count))) for i in range(count)}
        rings.append(sorted((a, b) for a, b in pairs))
    return rings
