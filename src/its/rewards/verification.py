"""A last check of the answer that was chosen."""

from __future__ import annotations

from its.calls.protocol import Door
from its.candidates import Candidate
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask


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
