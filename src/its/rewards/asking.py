"""Asking a judge softly: a call that failed is an abstention; and the last check of an answer."""

from __future__ import annotations

from its.calls.protocol import Door
from its.candidates import Candidate
from its.errors import CallError
from its.models.protocol import Completion, Request
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts


async def ask(door: Door, request: Request, label: str) -> Completion | None:
    """The completion, or None where the call failed or no longer fitted the budget."""
    try:
        return await door.complete(request, label)
    except CallError:
        return None


async def ask_many(door: Door, request: Request, labels: list[str]) -> list[Completion | None]:
    """The same question once per label; None in the place of a call that failed."""
    try:
        replies = await door.complete_many(request, labels)
    except CallError:
        return [None] * len(labels)
    return [None if isinstance(reply, CallError) else reply for reply in replies]


async def verify(
    question: Question, candidate: Candidate, door: Door, prompts: PromptSet
) -> bool | None:
    """Whether a model that solves the question another way agrees with the candidate's answer;
    None where no verdict came. One call, labelled by the candidate."""
    messages = prompts.render(
        "verify", question, fenced=fenced([candidate.text])[0], draft=candidate.text
    )
    reply = await ask(door, door.request(messages, temperature=0.0), f"verify/{candidate.id}")
    return None if reply is None else verdicts.yes_no(reply.text)


def on_unit(value: float, low: float, high: float) -> float:
    """Where a value of [low, high], the scale of a prompt, stands in [0, 1]."""
    return (value - low) / (high - low)
