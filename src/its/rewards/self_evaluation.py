"""The model judges its own candidates: one call and one score each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask, on_unit
from its.rewards.protocol import Reward


@dataclass(frozen=True, slots=True)
class SelfEvaluation(Reward):
    """Asks how likely a candidate's answer is right, on the scale of the prompt set.

    A verdict that cannot be read is an abstention. With the embedded model's prompt set this is
    that model's own verifier.
    """

    name = "self_evaluation"

    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return candidates

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        async def one(candidate: Candidate) -> Score:
            messages = prompts.render(
                "self_evaluation",
                question,
                fenced=fenced([candidate.text])[0],
                draft=candidate.text,
            )
            request = door.request(messages, temperature=self.temperature)
            reply = await ask(door, request, f"self_evaluation/{candidate.id}")
            if reply is None:
                return Score(candidate.id, None, "self_evaluation", "no verdict came")
            low, high = prompts.scale("self_evaluation")
            value = verdicts.score(reply.text, low, high)
            if value is None:
                return Score(candidate.id, None, "self_evaluation", "no score could be read")
            return Score(
                candidate.id, on_unit(value, low, high), "self_evaluation", reply.text.strip()
            )

        return list(await asyncio.gather(*map(one, candidates)))
