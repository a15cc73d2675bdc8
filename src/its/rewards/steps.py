"""Process rewards: a score for every step of a solution, and one of the whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.prompts.prompt_set import BLANK_LINE
from its.rewards import verdicts
from its.rewards.asking import ask, on_unit
from its.rewards.protocol import Reward
from its.rewards.step_aggregation import StepAggregation, aggregate


@dataclass(frozen=True, slots=True)
class StepReward(Reward):
    """Scores every step of a candidate or a prefix and aggregates them.

    `source`: `judge` asks a chat model to rate the steps (one call a candidate); `endpoint` sends
    question and steps to a process reward model that answers with a JSON list of scores in
    [0, 1], one per step; `recorded` takes the step scores that the candidate carries already (from
    a search) and costs nothing. A verdict with another number of scores than steps is an
    abstention. Steps are separated as the prompt set says, by blank lines unless it does.
    """

    name = "steps"

    source: Literal["judge", "endpoint", "recorded"] = "judge"
    aggregation: StepAggregation = "last_min"
    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return 0 if self.source == "recorded" else candidates

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        async def one(candidate: Candidate) -> Score:
            if self.source == "recorded":
                return self._score(candidate, candidate.step_scores, "no step scores")
            texts = steps(candidate.text, prompts.separator)
            if not texts:
                return self._score(candidate, (), "no steps")
            return await self._ask(question, candidate, texts, door, prompts)

        return list(await asyncio.gather(*map(one, candidates)))

    async def _ask(
        self,
        question: Question,
        candidate: Candidate,
        texts: Sequence[str],
        door: Door,
        prompts: PromptSet,
    ) -> Score:
        prompt = "steps" if self.source == "judge" else "step_endpoint"
        numbered = "\n\n".join(f"[{i}] {text}" for i, text in enumerate(texts, start=1))
        messages = prompts.render(
            prompt, question, fenced=fenced([numbered], "solution")[0], draft=candidate.text
        )
        request = door.request(messages, temperature=self.temperature)
        reply = await ask(door, request, f"{prompt}/{candidate.id}")
        low, high = prompts.scale(prompt)
        read = None if reply is None else verdicts.scores(reply.text, len(texts), low, high)
        values = tuple(on_unit(value, low, high) for value in read or ())
        return self._score(candidate, values, "no verdict could be read")

    def _score(self, candidate: Candidate, values: Sequence[float], otherwise: str) -> Score:
        value = aggregate(values, self.aggregation)
        reason = otherwise if value is None else f"{self.aggregation} of {len(values)} steps"
        return Score(candidate.id, value, "steps", reason, {"steps": list(values)})


def steps(text: str, separator: str = BLANK_LINE) -> list[str]:
    """The steps of a solution: what stands between separators; white space in a blank line is
    nothing."""
    parts = re.split(r"\n\s*\n", text) if separator == BLANK_LINE else text.split(separator)
    return [step for part in parts if (step := part.strip())]
