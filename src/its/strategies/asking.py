"""Asking through the door, and reading candidates out of what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from its.allocation.deepconf import token_confidence
from its.calls.protocol import Door
from its.candidates import Candidate
from its.errors import CallError
from its.models.protocol import Completion, Request
from its.models.watching import Watches
from its.prompts.fencing import fenced
from its.strategies.protocol import Assignment

T = TypeVar("T")


async def ask(
    assignment: Assignment,
    prompt: str,
    label: str,
    *,
    max_tokens: int | None = None,
    **values: str,
) -> Completion:
    """Ask the question by one prompt of the set. Raises CallError."""
    messages = assignment.prompts.render(prompt, assignment.question, **values)
    request = assignment.door.request(messages, max_tokens=max_tokens)
    return await assignment.door.complete(request, label)


@dataclass(frozen=True, slots=True)
class Turn:
    """One whole solution to ask for: a prompt of the set, and the candidates it is built on."""

    label: str
    prompt: str
    values: Mapping[str, str]
    parents: tuple[str, ...] = ()
    style: str = ""
    model: str = ""


async def solve_all(
    assignment: Assignment, turns: Sequence[Turn], failures: list[str]
) -> list[Candidate | None]:
    """Ask for several solutions at the same time. None, and a word in `failures`, for each that
    came to nothing."""
    asked = [(turn.model, _solution_request(assignment.of(turn.model), turn)) for turn in turns]
    replies = await ask_each(assignment, asked, [turn.label for turn in turns])
    failures += [
        f"{assignment.candidate_id(turn.label)}: {reply}"
        for turn, reply in zip(turns, replies, strict=True)
        if isinstance(reply, CallError)
    ]
    return [
        None
        if isinstance(reply, CallError)
        else candidate_from(
            assignment,
            turn.label,
            reply,
            style=turn.style,
            parents=turn.parents,
            model=turn.model,
        )
        for turn, reply in zip(turns, replies, strict=True)
    ]


def _solution_request(assignment: Assignment, turn: Turn) -> Request:
    prompts = assignment.prompts
    style = prompts.style(turn.style) if turn.style else ""
    return assignment.door.request(
        prompts.render(turn.prompt, assignment.question, style=style, **turn.values)
    )


def numbered_solutions(assignment: Assignment, candidates: Iterable[Candidate]) -> str:
    """Several solutions as a prompt shows them, numbered from 1."""
    drafts = [candidate.text.strip() for candidate in candidates]
    blocks = fenced(drafts, "solution", numbered=True)
    shown = []
    for number, (draft, block) in enumerate(zip(drafts, blocks, strict=True), 1):
        (*_, message) = assignment.prompts.render(
            "solution", assignment.question, number=str(number), draft=draft, fenced=block
        )
        shown.append(message.content)
    return "\n\n".join(shown)


async def ask_critic(assignment: Assignment, prompt: str, label: str, **values: str) -> Completion:
    """Ask the critic where there is one, else the model itself. Raises CallError."""
    critic = assignment.critic
    door, prompts = (
        (assignment.door, assignment.prompts) if critic is None else (critic.door, critic.prompts)
    )
    messages = prompts.render(prompt, assignment.question, **values)
    return await door.complete(door.request(messages), label)


async def ask_all(
    door: Door,
    requests: Sequence[Request],
    labels: Sequence[str],
    watches: Watches | None = None,
) -> list[Completion | CallError]:
    """Ask every request once, all at the same time, results in order.

    Equal requests are asked together: where the endpoint honours `n`, they share a call. A failure
    takes only its own place in the list. `watches` as at a door.
    """
    groups: dict[Request, list[int]] = {}
    for place, request in enumerate(requests):
        groups.setdefault(request, []).append(place)
    replies: dict[int, Completion | CallError] = {}

    async def ask_group(request: Request, group: list[int]) -> None:
        named = [labels[place] for place in group]
        if watches is None:
            many = await door.complete_many(request, named)
        else:
            many = await door.complete_many(request, named, watches)
        replies.update(zip(group, many, strict=True))

    await together(ask_group(request, group) for request, group in groups.items())
    return [replies[place] for place in range(len(requests))]


async def ask_each(
    assignment: Assignment,
    asked: Sequence[tuple[str, Request]],
    labels: Sequence[str],
    watches: Watches | None = None,
) -> list[Completion | CallError]:
    """Ask each of the models named ("" is the stage's only one) its requests, as `ask_all` does,
    and all models at the same time."""
    places: dict[str, list[int]] = {}
    for place, (model, _) in enumerate(asked):
        places.setdefault(model, []).append(place)
    answers = await together(
        ask_all(
            assignment.of(model).door,
            [asked[place][1] for place in own],
            [labels[place] for place in own],
            watches,
        )
        for model, own in places.items()
    )
    found = {
        place: reply
        for own, replies in zip(places.values(), answers, strict=True)
        for place, reply in zip(own, replies, strict=True)
    }
    return [found[place] for place in range(len(asked))]


async def settled(call: Coroutine[Any, Any, T]) -> T | CallError:
    """What a call brings, a CallError included."""
    try:
        return await call
    except CallError as error:
        return error


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at the same time, results in order; where one raises, the others are cancelled,
    and their end is awaited, before it is raised on."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def candidate_from(
    assignment: Assignment, label: str, completion: Completion, **fields: Any
) -> Candidate:
    """The candidate that one completion makes by itself.

    `fields` are further fields of Candidate. A text that was cut short is not complete. A mere
    guess at its answer (the last number so far) is then no answer, and neither is one that stands
    at the very end: "12" may be the beginning of "1234".
    """
    answer = assignment.read(completion.text)
    complete = completion.finish not in ("length", "filtered", "cut", "loop")
    if answer is not None and not complete:
        may_go_on = completion.text.rstrip().endswith(answer.text)
        answer = None if answer.fallback or may_go_on else answer
    return Candidate(
        id=assignment.candidate_id(label),
        text=completion.text,
        answer=answer,
        complete=complete,
        mean_logprob=mean_logprob(completion),
        tokens=None if completion.cut else completion.tokens,
        token_confidences=token_confidences(completion),
        **fields,
    )


def mean_logprob(completion: Completion) -> float | None:
    """Mean natural-log probability of the tokens, None where they did not come."""
    if not completion.logprobs:
        return None
    return sum(token.logprob for token in completion.logprobs) / len(completion.logprobs)


def token_confidences(completion: Completion) -> tuple[float, ...]:
    """The confidence of each token whose likeliest alternatives came with it."""
    if not completion.logprobs:
        return ()
    return tuple(
        token_confidence([logprob for _, logprob in token.top])
        for token in completion.logprobs
        if token.top
    )
