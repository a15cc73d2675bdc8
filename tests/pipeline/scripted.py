"""Pipelines over fake models: every prompt begins with the word of its role."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from its.models.protocol import Request
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline
from its.testing import FakeModel, ScriptedReply

PROMPTS = {
    "attempt": "ATTEMPT {question} {style}",
    "difficulty": "DIFFICULTY {question}",
    "self_evaluation": "SCORE {question} {fenced}",
    "verify": "VERIFY {question} {fenced}",
}
Reply = str | ScriptedReply | Exception
Replies = Sequence[Reply] | Callable[[Request], Reply]


def pipeline(overrides: dict[str, Any], preset: str = "self_consistency") -> Pipeline:
    """A preset over models without a price, with prompts that name their role."""
    quick = {"model.name": "fake", "model.max_tokens": 50, "model.retries.first": 0.001}
    return load_pipeline(preset, {**quick, "prompts.overrides": PROMPTS, **overrides})


def model(**roles: Replies) -> FakeModel:
    """A model that answers prompts of each role in turn (the last reply again and again), or as
    a function says."""
    asked = dict.fromkeys(roles, 0)

    def script(request: Request, number: int) -> Reply:
        role = request.messages[-1].content.split()[0].lower()
        replies = roles[role]
        if callable(replies):
            return replies(request)
        asked[role] += 1
        return replies[min(asked[role], len(replies)) - 1]

    return FakeModel(script)


def answers(*values: object) -> list[Reply]:
    return [f"So it is. Answer: {value}" for value in values]
