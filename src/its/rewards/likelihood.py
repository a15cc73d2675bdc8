"""How likely another model finds what a candidate says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.models.protocol import TokenLogprob
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.asking import ask


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The probability that the judge gives to a candidate's text, as its own reply to the same
    question in the same style.

    The judge reads and writes nothing: one reading a candidate. A judge other than the solver
    makes other mistakes, so a wrong line is seldom likely to both. Where the endpoint does not
    score given texts, nothing is sent and every score abstains.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

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

        async def lines(candidate: Candidate) -> list[float] | None:
            style = prompts.styles.get(candidate.style, "")
            messages = prompts.render("attempt", question, style=style)
            request = door.request(
                messages, max_tokens=1, temperature=0.0, logprobs=0, scored=candidate.text
            )
            reply = await ask(door, request, f"likelihood/{candidate.id}")
            return None if reply is None else line_logprobs(reply.logprobs or ())

        told = await asyncio.gather(*(lines(candidate) for candidate in candidates))
        return [
            _score(candidate.id, each) for candidate, each in zip(candidates, told, strict=True)
        ]


def line_logprobs(tokens: Sequence[TokenLogprob]) -> list[float]:
    """The log-probability of each line of a text, given all before it."""
    sums = [0.0]
    for token in tokens:
        sums[-1] += token.logprob
        if token.token.endswith("\n"):
            sums.append(0.0)
    return sums if tokens else []


def _score(candidate: str, lines: list[float] | None) -> Score:
    if not lines:
        return Score(candidate, None, "likelihood", "the text could not be scored")
    total, least = math.fsum(lines), min(range(len(lines)), key=lines.__getitem__)
    return Score(
        candidate,
        math.exp(min(total, 0.0)),
        "likelihood",
        f"log-probability {total:.2f}; least sure of line {least + 1}, p = "
        f"{math.exp(min(lines[least], 0.0)):.2g}",
        {"lines": [round(math.exp(min(line, 0.0)), 4) for line in lines]},
    )
