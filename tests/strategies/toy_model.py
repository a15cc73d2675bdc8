"""A toy model that depends on nothing but what it is asked: step by step or all at once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from its.candidates import Candidate
from its.errors import CallError, TransientCallError
from its.models.protocol import Completion, Request


def toy_model(seed: int, trouble: float = 0.0) -> Callable[[Request, str], Completion | CallError]:
    """A script for ScriptedDoor. With `trouble` it fails, runs out of tokens, says nothing or
    does not tell why it stopped."""

    def reply(request: Request, label: str) -> Completion | CallError:
        random = Random(f"{seed}/{label}/{request.messages[-1].content}/{request.continues}")
        if random.random() < trouble:
            troubles: list[Completion | CallError] = [
                TransientCallError("reset"),
                Completion("one two", "length", 2),
                Completion("", "stop_string", 1),
                Completion("odd", "stop", 1),
                Completion("", "filtered"),
            ]
            return random.choice(troubles)
        ends = not request.stop or random.random() < 0.3
        if ends:
            return Completion(f"Answer: {random.randrange(4)}", "end", 3)
        return Completion(f"step {random.randrange(100)}", "stop_string", 2)

    return reply


def toy_value(seed: int, abstain: float = 0.0) -> Callable[[Candidate], float | None]:
    """A reward in (0, 1) that depends on the text alone, and at times abstains."""

    def value(candidate: Candidate) -> float | None:
        random = Random(f"{seed}/{candidate.text}")
        return None if random.random() < abstain else random.uniform(0.05, 0.95)

    return value
