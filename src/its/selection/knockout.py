"""A knockout tournament of answers, decided by pairwise comparisons."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from its.candidates import Selection
from its.rewards.pairwise import PairComparison, affordable, compare, even
from its.selection import ranking, votes
from its.selection.protocol import Ballot, Selector
from its.selection.ranking import AnswerClass


@dataclass(frozen=True, slots=True)
class Knockout(Selector):
    """Candidates meet in pairs, the better one goes on, until one is left (arXiv:2411.19477).

    `comparisons` per pair, half of them in each order (an odd number counts as the next even one):
    K(N-1) calls for N candidates at most. Equivalent answers do not meet: the one of higher score
    or earlier number plays for all of them, and classes are seeded by their votes, so that the
    strongest meet late. A tied match goes to the class of more votes. Where a check rejects the
    winner, the next tournament makes no comparison again that this one has made.
    """

    name = "knockout"

    comparisons: Annotated[int, Ge(1)] = 2
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return even(self.comparisons) * max(candidates - 1, 0)

    async def select(self, ballot: Ballot) -> Selection:
        by_vote = votes.vote(ballot.candidates, ballot.classes, ballot.values())
        samples = votes.samples_of(ballot.candidates)
        seeded = ranking.by_votes(ballot.classes, ballot.values(), samples)
        if len(seeded) < 2:
            return by_vote
        alive, least_shares, matches = list(seeded), [1.0], 0
        while len(alive) > 1:
            # Standard seeding: best against worst; with an odd number the best has a bye.
            bye = alive[: len(alive) % 2]
            rest = alive[len(bye) :]
            half = len(rest) // 2
            pairs = list(zip(rest[:half], reversed(rest[half:]), strict=True))
            results = await self._round(ballot, pairs, len(alive) - 1)
            winners = [
                strong if result.margin >= 0 else weak
                for (strong, weak), result in zip(pairs, results, strict=True)
            ]
            matches += sum(result.verdicts > 0 for result in results)
            alive = sorted([*bye, *winners], key=seeded.index)
            least_shares.append(_least_share(results))
        champion = alive[0]
        candidate = ballot.candidates[champion.representative]
        reason = (
            f"{votes.shown(candidate)} won a knockout of {len(seeded)} different answers "
            f"({matches} matches judged, {even(self.comparisons)} comparisons each at most)"
        )
        others = [c for c in seeded if c is not champion]
        confidence = ranking.confidence([champion, *others], samples)
        return Selection(candidate, (confidence + least_shares[-1]) / 2, reason, by_vote.tally)

    async def _round(
        self, ballot: Ballot, pairs: Sequence[tuple[AnswerClass, AnswerClass]], matches: int
    ) -> list[PairComparison]:
        """Every pair is compared equally often, as often as the budget allows for all `matches`
        to come, or else for those of this round."""
        remaining = ballot.door.remaining
        each = affordable(remaining, self.comparisons, matches) or affordable(
            remaining, self.comparisons, len(pairs)
        )
        return await asyncio.gather(
            *(
                compare(
                    ballot.question,
                    ballot.candidates[strong.representative],
                    ballot.candidates[weak.representative],
                    ballot.door,
                    ballot.prompts,
                    comparisons=each,
                    temperature=self.temperature,
                    made=ballot.made,
                )
                for strong, weak in pairs
            )
        )


def _least_share(results: Sequence[PairComparison]) -> float:
    """The winner's share of the verdicts in the closest match of a round (.5 where none read)."""
    shares = [max(r.first, r.second) / r.verdicts if r.verdicts else 0.5 for r in results]
    return min(shares)
