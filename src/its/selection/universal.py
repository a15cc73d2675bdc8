"""Universal self-consistency: the model itself names the most consistent response."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Interval

from its.candidates import Selection
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask
from its.selection import ranking, votes
from its.selection.protocol import Ballot, Selector


@dataclass(frozen=True, slots=True)
class Universal(Selector):
    """One more call shows all candidates and asks which of them agrees best with the rest
    (arXiv:2311.17311). For answers that cannot be compared by equivalence, such as free text.

    Candidates without an answer are not shown. Where the reply names none of them, or the call
    fails, a vote decides.
    """

    name = "universal"
    shows_all = True

    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return 1 if candidates > 1 else 0

    async def select(self, ballot: Ballot) -> Selection:
        by_vote = votes.vote(ballot.candidates, ballot.classes, ballot.values())
        shown = [
            candidate
            for candidate, number in zip(ballot.candidates, ballot.classes, strict=True)
            if number is not None
        ]
        if len(shown) < 2:
            return by_vote
        texts = [candidate.text for candidate in shown]
        messages = ballot.prompts.render(
            "universal", ballot.question, responses="\n\n".join(fenced(texts))
        )
        request = ballot.door.request(messages, temperature=self.temperature)
        reply = await ask(ballot.door, request, f"universal/{len(shown)}")
        chosen = None if reply is None else verdicts.pick(reply.text, len(shown))
        if chosen is None:
            why = "the call failed" if reply is None else "the reply named none of them"
            return replace(by_vote, reason=f"{by_vote.reason}; {why}, so a vote decided")
        candidate = shown[chosen]
        samples = votes.samples_of(ballot.candidates)
        ranked = ranking.by_votes(ballot.classes, ballot.values(), samples)
        position = next(i for i, c in enumerate(ballot.candidates) if c is candidate)
        own = next(c for c in ranked if position in c.members)
        confidence = ranking.confidence([own, *(c for c in ranked if c is not own)], samples)
        reason = (
            f"named as the most consistent of {len(shown)} responses; {len(own.members)} of "
            f"{len(ballot.candidates)} candidates give the same answer"
        )
        return Selection(candidate, confidence, reason, by_vote.tally)
