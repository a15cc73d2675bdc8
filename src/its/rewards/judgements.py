"""One sample of a generalist reward model: responses shuffled, judged together, un-permuted."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any, Literal

from its.calls.protocol import Door
from its.problems.problem import Message, Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask, on_unit

Form = Literal["listwise", "pairwise", "pointwise"]


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be judged: responses to a question, by what rubric (or none), through what."""

    question: Question
    texts: tuple[str, ...]
    rubric: str
    temperature: float
    form: Form
    door: Door
    prompts: PromptSet

    @property
    def prompt(self) -> str:
        """The prompt that asks for a judgement: a prompt set may have one for single responses,
        and one for endpoints that constrain their output."""
        if self.form == "pointwise" and "grm_pointwise" in self.prompts.prompts:
            return "grm_pointwise"
        return "grm_json" if self.constrained else "grm"

    @property
    def constrained(self) -> bool:
        return self.door.capabilities.json_schema and "grm_json" in self.prompts.prompts

    @property
    def scale(self) -> tuple[float, float]:
        return self.prompts.scale(self.prompt)

    @property
    def name(self) -> str:
        """Names the case inside its stage: equal cases share their calls."""
        digest = blake2b(digest_size=6)
        for text in self.texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """One reply that could be read: its text, the responses that it saw, and their scores."""

    text: str
    group: tuple[int, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sample: a score and a critique for every response in the order of the case, None and
    "" where none could be read; and the verdicts that they come from."""

    scores: tuple[float | None, ...]
    critiques: tuple[str, ...]
    verdicts: tuple[GroupVerdict, ...]


async def judge(case: Case, groups: Sequence[Sequence[int]], label: str) -> Judgement:
    """Judge every group of responses with one call each (and one repair at most).

    A response that stands in several groups has the mean of its scores there.
    """
    replies = await asyncio.gather(
        *(_judge_group(case, group, f"{label}/{g}") for g, group in enumerate(groups))
    )
    read = [verdict for verdict in replies if verdict is not None]
    seen: list[list[float]] = [[] for _ in case.texts]
    critiques = [""] * len(case.texts)
    for verdict in read:
        found = read_critiques(verdict.text, len(verdict.group))
        for i, value, critique in zip(verdict.group, verdict.scores, found, strict=True):
            seen[i].append(value)
            critiques[i] = critique
    return Judgement(
        tuple(sum(values) / len(values) if values else None for values in seen),
        tuple(critiques),
        tuple(read),
    )


async def rate(case: Case, judgement: Judgement, label: str) -> float | None:
    """The meta reward of a judgement, from 0 to 1: the mean over its verdicts; None if unread."""

    async def one(verdict: GroupVerdict, label: str) -> float | None:
        *responses, judged = fenced([*(case.texts[i] for i in verdict.group), verdict.text])
        messages = case.prompts.render(
            "grm_meta", case.question, responses="\n\n".join(responses), judgement=judged
        )
        request = case.door.request(messages, temperature=0.0)
        completion = await ask(case.door, request, label)
        low, high = case.prompts.scale("grm_meta")
        value = None if completion is None else verdicts.score(completion.text, low, high)
        return None if value is None else on_unit(value, low, high)

    ratings = await asyncio.gather(
        *(one(verdict, f"{label}/{g}") for g, verdict in enumerate(judgement.verdicts))
    )
    known = [rating for rating in ratings if rating is not None]
    return sum(known) / len(known) if known else None


def grouped(count: int, form: Form, largest: int, seed: str) -> list[tuple[int, ...]]:
    """Positions of `count` responses in shuffled groups for one sample, the same for a seed.

    Listwise: groups of at most `largest`, of even sizes. Pairwise: every response meets its two
    neighbours in a shuffled ring. Pointwise: each alone.
    """
    order = list(range(count))
    Random(seed).shuffle(order)
    if form == "pointwise" or count < 2:
        return [(i,) for i in order]
    if form == "pairwise":
        pairs = group_count(count, form, largest)
        return [(order[i], order[(i + 1) % count]) for i in range(pairs)]
    parts = group_count(count, form, largest)
    return [tuple(order[p::parts]) for p in range(parts)]


def group_count(count: int, form: Form, largest: int) -> int:
    """How many groups, and so how many calls, one sample over `count` responses takes."""
    if form == "pointwise" or count < 2:
        return count
    if form == "pairwise":
        return 1 if count == 2 else count
    return -(-count // largest)


def read_critiques(reply: str, count: int) -> list[str]:
    """The critique of each of `count` numbered responses; "" where it cannot be found."""
    try:
        data = json.loads(reply)
        listed = data["critiques"]
        if len(listed) == count and all(isinstance(item, str) for item in listed):
            return [str(item).strip() for item in listed]
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    section = re.search(
        r"^#*\s*\W*critiques?\b.*?$(?P<body>.*?)(?=^#*\s*\W*scores?\W*$|\Z)",
        reply,
        re.IGNORECASE | re.MULTILINE | re.DOTALL,
    )
    parts = re.split(
        r"^\W*(?:response\s*)?\[?(\d{1,3})\]?\W",
        section["body"] if section else "",
        flags=re.IGNORECASE | re.MULTILINE,
    )
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return [found.get(str(i), "").lstrip(" \n*:.-").rstrip(" \n*") for i in range(1, count + 1)]


async def _judge_group(case: Case, group: Sequence[int], label: str) -> GroupVerdict | None:
    door, (low, high) = case.door, case.scale
    request = door.request(
        _messages(case, group),
        json_schema=_SCHEMA if case.prompt == "grm_json" else None,
        temperature=case.temperature,
    )
    reply = await ask(door, request, label)
    if reply is None:
        return None
    scores = verdicts.scores(reply.text, len(group), low, high)
    if scores is None and "grm_repair" in case.prompts.prompts:
        repair = case.prompts.render("grm_repair", Question(""), count=str(len(group)))
        turns = [*request.messages, Message("assistant", reply.text), *repair]
        repaired = await ask(door, door.request(turns, temperature=0.0), f"{label}/repair")
        if repaired is not None:
            scores = verdicts.scores(repaired.text, len(group), low, high)
    return None if scores is None else GroupVerdict(reply.text, tuple(group), tuple(scores))


def _messages(case: Case, group: Sequence[int]) -> tuple[Message, ...]:
    texts = [case.texts[i] for i in group]
    rubric = ""
    if case.rubric:
        rubric = case.prompts.render("grm_rubric", Question(""), rubric=case.rubric)[-1].content
    return case.prompts.render(
        case.prompt,
        case.question,
        responses="\n\n".join(fenced(texts, numbered=True)),
        listed="\n".join(f"[{i}]\n{text}" for i, text in enumerate(texts, start=1)),
        draft=texts[0],
        rubric=rubric,
    )


_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "principles": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"principle": {"type": "string"}, "weight": {"type": "number"}},
                "required": ["principle", "weight"],
                "additionalProperties": False,
            },
        },
        "critiques": {"type": "array", "items": {"type": "string"}},
        "scores": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["principles", "critiques", "scores"],
    "additionalProperties": False,
}
