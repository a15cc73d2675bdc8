"""Votes that read only the order of the scores: the majority of the bests, and Borda's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.candidates import Selection
from its.parts import Need
from its.selection import votes
from its.selection.protocol import Ballot, Selector


@dataclass(frozen=True, slots=True)
class MajorityOfBests(Selector):
    """The answer that is best most often in random draws of `subsample` candidates.

    A reward that is fooled by a single candidate seldom has that one in the draw. 0 stands for
    the square root of the number of candidates, rounded up; 1 is the plain vote, a very large
    number the best scored candidate. Draws are with replacement; their distribution is exact.
    """

    name = "majority_of_bests"
    needs = frozenset({Need.REWARD})

    subsample: Annotated[int, Ge(0)] = 0

    async def select(self, ballot: Ballot) -> Selection:
        def chances(scores: Sequence[float]) -> list[float]:
            return best_chances(scores, self.subsample or math.isqrt(len(scores) - 1) + 1)

        return _weighed(ballot, chances)


@dataclass(frozen=True, slots=True)
class Borda(Selector):
    """A vote weighted by ranks: of n candidates the r-th best has (n - r + 1) to the `power`.

    0 is the plain vote, a very large power the best scored candidate; equal scores share a rank.
    """

    name = "borda"
    needs = frozenset({Need.REWARD})

    power: Annotated[float, Ge(0)] = 0.5

    async def select(self, ballot: Ballot) -> Selection:
        return _weighed(ballot, lambda scores: borda_weights(scores, self.power))


def _weighed(ballot: Ballot, weigh: Callable[[Sequence[float]], list[float]]) -> Selection:
    """A vote of those with an answer, each with the weight that its score gives it; one without a
    score has the mean."""
    places = [i for i, number in enumerate(ballot.classes) if number is not None]
    values = ballot.values()
    known = [value for i in places if (value := values[i]) is not None]
    if not known:
        return votes.vote(ballot.candidates, ballot.classes, values)
    mean = math.fsum(known) / len(known)
    scores = [mean if (value := values[i]) is None else value for i in places]
    weights: list[float | None] = [None] * len(values)
    for place, weight in zip(places, weigh(scores), strict=True):
        weights[place] = weight
    return votes.weighted_vote(ballot.candidates, ballot.classes, weights)


def borda_weights(scores: Sequence[float], power: float) -> list[float]:
    """Weights of ranks as shares of the best rank's, so that none is too large for a number;
    equals have the mean of their ranks."""
    n = len(scores)
    ranks = []
    for score in scores:
        better = sum(other > score for other in scores)
        equal = sum(other == score for other in scores)
        ranks.append(better + (equal + 1) / 2)
    return [((n - rank + 1) / n) ** power for rank in ranks]


def best_chances(scores: Sequence[float], drawn: int) -> list[float]:
    """The chance of each of n to be the best of `drawn` of them, drawn with replacement: that all
    drawn are at most as good, less that all are worse, shared among equals."""
    n = len(scores)
    chances = []
    for score in scores:
        worse = sum(other < score for other in scores)
        equal = sum(other == score for other in scores)
        chances.append((((worse + equal) / n) ** drawn - (worse / n) ** drawn) / equal)
    return chances
