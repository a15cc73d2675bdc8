"""The majority of the bests (arXiv:2511.18630): what best-of-m would most often answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
        places = [i for i, number in enumerate(ballot.classes) if number is not None]
        values = ballot.values()
        known = [value for i in places if (value := values[i]) is not None]
        if not known:
            return votes.vote(ballot.candidates, ballot.classes, values)
        mean = math.fsum(known) / len(known)
        scores = [mean if (value := values[i]) is None else value for i in places]
        chances = best_chances(scores, self.subsample or math.isqrt(len(scores) - 1) + 1)
        weights: list[float | None] = [None] * len(values)
        for place, chance in zip(places, chances, strict=True):
            weights[place] = chance
        return votes.weighted_vote(ballot.candidates, ballot.classes, weights)


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
