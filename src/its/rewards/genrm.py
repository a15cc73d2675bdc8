"""A generative verifier: rationales that end in yes or no."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.models.protocol import Completion
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask_many
from its.rewards.logprobs import verdict_odds
from its.rewards.protocol import Reward


@dataclass(frozen=True, slots=True)
class GenRM(Reward):
    """The mean probability of "Yes" over K verification rationales (arXiv:2408.15240): N(1 + K)
    calls for N candidates, their generation included.

    Where the endpoint gives token probabilities the verdict's own is used, else yes counts 1 and
    no counts 0. Rationales without a verdict are left out.
    """

    name = "genrm"

    rationales: Annotated[int, Ge(1)] = 4
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.7

    def completions(self, candidates: int) -> int:
        return candidates * self.rationales

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        async def one(candidate: Candidate) -> Score:
            messages = prompts.render(
                "genrm", question, fenced=fenced([candidate.text])[0], draft=candidate.text
            )
            logprobs = 5 if door.capabilities.logprobs else None
            request = door.request(messages, temperature=self.temperature, logprobs=logprobs)
            labels = [f"genrm/{candidate.id}/{k}" for k in range(self.rationales)]
            replies = await ask_many(door, request, labels)
            read = [v for reply in replies if (v := _probability(reply)) is not None]
            if not read:
                return Score(candidate.id, None, "genrm", "no rationale came to a verdict")
            return Score(
                candidate.id,
                sum(read) / len(read),
                "genrm",
                f"{sum(v > 0.5 for v in read)} of {len(read)} rationales say yes",
                {"verdicts": read, "unread": self.rationales - len(read)},
            )

        return list(await asyncio.gather(*map(one, candidates)))


def _probability(reply: Completion | None) -> float | None:
    if reply is None:
        return None
    verdict = verdicts.yes_no(reply.text)
    if verdict is None:
        return None
    odds = verdict_odds(reply)
    return float(verdict) if odds is None else odds
