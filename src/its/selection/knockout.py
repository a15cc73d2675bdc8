"""A knockout tournament of answers, decided by pairwise comparisons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from its.candidates import Selection
from its.rewards.pairwise import Comparison, compare
from its.selection import votes
from its.selection.protocol import Ballot, Selector


@dataclass(frozen=True, slots=True)
class Knockout(Selector):
    """Candidates meet in pairs, the better one goes on, until one is left (arXiv:2411.19477).

    `comparisons` per pair, half of them in each order (so keep it even): K(N-1) calls for N
    candidates at most. Equivalent answers do not meet: the one of higher score or earlier number
    plays for all of them, and classes are seeded by their votes, so that the strongest meet
    late. A tied match goes to the class of more votes.
    """

    name = "knockout"

    comparisons: Annotated[int, Ge(1)] = 2
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return self.comparisons * max(candidates - 1, 0)

    async def select(self, ballot: Ballot) -> Selection:
        weights = [candidate.weight for candidate in ballot.candidates]
        ranking = votes.ranked(ballot.candidates, ballot.classes, ballot.values(), weights)
        by_vote = votes.vote(ballot.candidates, ballot.classes, ballot.values())
        if len(ranking) < 2:
            return by_vote
        alive, won, matches = list(ranking), [1.0], 0
        while len(alive) > 1:
            # Standard seeding: best against worst; with an odd number the best has a bye.
            bye = alive[: len(alive) % 2]
            rest = alive[len(bye) :]
            half = len(rest) // 2
            pairs = list(zip(rest[:half], reversed(rest[half:]), strict=True))
            results = await asyncio.gather(*(self._match(ballot, a, b) for a, b in pairs))
            winners = [
                strong if r.margin >= 0 else weak
                for (strong, weak), r in zip(pairs, results, strict=True)
            ]
            matches += len(pairs)
            alive = sorted([*bye, *winners], key=ranking.index)
            won.append(_least_share(results))
        champion = alive[0]
        candidate = ballot.candidates[champion.speaker]
        reason = (
            f"{votes.shown(candidate)} won a knockout of {len(ranking)} different answers "
            f"({matches} matches, {self.comparisons} comparisons each)"
        )
        confidence = votes.confidence(
            [champion, *(c for c in ranking if c is not champion)], ballot.candidates
        )
        return Selection(candidate, (confidence + won[-1]) / 2, reason, by_vote.tally)

    async def _match(
        self, ballot: Ballot, strong: votes.AnswerClass, weak: votes.AnswerClass
    ) -> Comparison:
        return await compare(
            ballot.question,
            ballot.candidates[strong.speaker],
            ballot.candidates[weak.speaker],
            ballot.door,
            ballot.prompts,
            comparisons=self.comparisons,
            temperature=self.temperature,
        )


def _least_share(results: Sequence[Comparison]) -> float:
    """The winner's share of the verdicts in the closest match of a round (.5 where none read)."""
    shares = [max(r.first, r.second) / r.verdicts if r.verdicts else 0.5 for r in results]
    return min(shares)
