"""How likely another model finds what a candidate says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.parts import Need
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.asking import ask
from its.rewards.protocol import Reward
from its.step_logprobs import STEP_LOGPROBS, Step, steps_of


@dataclass(frozen=True, slots=True)
class Likelihood(Reward):
    """The probability that the judge gives to a candidate's text, as its own reply to the same
    question in the same style.

    The judge reads and writes nothing: one reading a candidate. A judge other than the solver
    makes other mistakes, so a wrong line is rarely likely to both. Where the endpoint does not
    score given texts, nothing is sent and every score abstains.
    """

    name = "likelihood"
    needs = frozenset({Need.TEXT_PROBABILITIES})

    def completions(self, candidates: int) -> int:
        return candidates

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        if not door.capabilities.scores:
            why = "the endpoint gives no probabilities of a text that it did not write"
            return [Score(candidate.id, None, "likelihood", why) for candidate in candidates]

        async def read(candidate: Candidate) -> list[Step] | None:
            style = prompts.styles.get(candidate.style, "")
            messages = prompts.render("attempt", question, style=style)
            request = door.request(
                messages, max_tokens=1, temperature=0.0, logprobs=0, scored=candidate.text
            )
            reply = await ask(door, request, f"likelihood/{candidate.id}")
            if reply is None or not reply.logprobs:
                return None
            return steps_of(candidate.text, reply.logprobs, prompts.separator)

        found = await asyncio.gather(*(read(candidate) for candidate in candidates))
        return [
            _score(candidate.id, each) for candidate, each in zip(candidates, found, strict=True)
        ]


def _score(candidate: str, steps: list[Step] | None) -> Score:
    if not steps:
        return Score(candidate, None, "likelihood", "the text could not be scored")
    logprobs = [min(0.0, step.logprob) for step in steps]
    total, least = math.fsum(logprobs), min(range(len(steps)), key=logprobs.__getitem__)
    return Score(
        candidate,
        math.exp(total),
        "likelihood",
        f"log-probability {total:.2f}; least sure of step {least + 1}, p = "
        f"{math.exp(logprobs[least]):.2g}",
        {STEP_LOGPROBS: logprobs},
    )
