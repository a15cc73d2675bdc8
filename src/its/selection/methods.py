"""Selectors that need no call of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from its.candidates import Selection
from its.parts import Need
from its.rewards.step_aggregation import StepAggregation, aggregate
from its.selection import votes
from its.selection.protocol import Ballot, Selector
from its.selection.ranking import guard_of


@dataclass(frozen=True, slots=True)
class First(Selector):
    """The first candidate that has an answer: for a single or greedy attempt."""

    name = "first"

    async def select(self, ballot: Ballot) -> Selection:
        for candidate, number in zip(ballot.candidates, ballot.classes, strict=True):
            if number is not None:
                selection = votes.vote([candidate], [number])
                return Selection(
                    candidate, selection.confidence, "the first with an answer", selection.tally
                )
        return votes.vote(ballot.candidates, ballot.classes)


@dataclass(frozen=True, slots=True)
class Vote(Selector):
    """Self-consistency: the answer that most candidates agree on (arXiv:2203.11171)."""

    name = "vote"

    async def select(self, ballot: Ballot) -> Selection:
        return votes.vote(ballot.candidates, ballot.classes, ballot.values())


@dataclass(frozen=True, slots=True)
class WeightedVote(Selector):
    """A vote weighted by scores: the sum of the scores of equivalent answers."""

    name = "weighted_vote"
    needs = frozenset({Need.REWARD})

    async def select(self, ballot: Ballot) -> Selection:
        return votes.weighted_vote(ballot.candidates, ballot.classes, ballot.values())


@dataclass(frozen=True, slots=True)
class BestScored(Selector):
    """The best scored candidate, with a guard against over-optimising the reward.

    The more candidates, the likelier the best score is a fault of the reward. With `guard`, the
    choice therefore moves from the best candidate towards the weighted vote as candidates grow:
    a class of equivalent answers weighs the p-norm of its scores with 1/p = 1 - 1/sqrt(n) (0 for
    one candidate, .5 for four, .9 for a hundred).
    """

    name = "best_of_n"
    needs = frozenset({Need.REWARD})

    guard: bool = True

    async def select(self, ballot: Ballot) -> Selection:
        candidates, classes = ballot.candidates, ballot.classes
        voting = sum(number is not None for number in classes)
        agreement = guard_of(voting) if self.guard else 0.0
        return votes.norm_vote(candidates, classes, ballot.values(), agreement)


@dataclass(frozen=True, slots=True)
class Cisc(Selector):
    """Confidence-informed self-consistency: a vote weighted by softmax(score / temperature).

    Scores are best a probability (`p_true`). Tune the temperature on problems held out; large
    ones approach the plain vote.
    """

    name = "cisc"
    needs = frozenset({Need.REWARD})

    temperature: Annotated[float, Gt(0)] = 0.5

    async def select(self, ballot: Ballot) -> Selection:
        return votes.cisc(ballot.candidates, ballot.classes, ballot.values(), self.temperature)


@dataclass(frozen=True, slots=True)
class StepVote(Selector):
    """A vote weighted by the candidates' step scores: the default wherever they have some.

    The weight is the score of the last step times the least of all (see docs/selection.md for
    why); candidates without step scores weigh the mean.
    """

    name = "step_vote"

    aggregation: StepAggregation = "last_min"

    async def select(self, ballot: Ballot) -> Selection:
        scores = [aggregate(c.step_scores, self.aggregation) for c in ballot.candidates]
        return votes.weighted_vote(ballot.candidates, ballot.classes, scores)
