"""The embedded judge: `python -m tests.benchmarks.embedded_judge [--problems N]`.

Prints the table of docs/rewards.md: on held-out problems, one right response of the small solver
among up to three wrong ones; accuracy of the summed scores of k samples, with and without keeping
the better half of them by meta reward. The embedded models have no prompt that rates a judgement,
so its meta reward here is its own likelihood: the mean log-probability of its tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from statistics import fmean
from typing import Any

from its.errors import CallError
from its.judging.accuracy import credit
from its.models.embedded import open_embedded
from its.models.protocol import Capabilities, Completion, Model, Received, Request
from its.models.watching import Watches
from its.problems.problem import Question
from its.prompts import PromptSet, load_prompt_set
from its.rewards.judgements import Case, Judgement, grouped, judge
from its.rewards.voting import JudgedScores, best_rated, totals
from its_training.problems import held_out_problems

SAMPLES = (1, 2, 4, 8, 16, 32)
DRAWS = 50
ATTEMPTS = 24
MOST_WRONG = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A question with responses, of which the one at `label` is right."""

    question: Question
    responses: tuple[str, ...]
    label: int


@dataclass(frozen=True, slots=True)
class Direct:
    """A door that goes straight to a model: no budget, no journal. It remembers how likely each
    reply was, by label."""

    model: Model
    capabilities: Capabilities
    remaining: int | None = None
    likelihood: dict[str, float] = field(default_factory=dict)

    def request(self, messages: Any, **settings: Any) -> Request:
        return Request(tuple(messages), 768, **settings)

    async def complete(self, request: Request, label: str) -> Completion:
        seed = int.from_bytes(
            blake2b(f"{label}{request.messages}".encode(), digest_size=4).digest()
        )
        asked = Request(request.messages, 768, request.temperature, seed=seed, logprobs=0)
        (reply,) = (await self.model.complete(asked, received=Received())).completions
        logprobs = [token.logprob for token in reply.logprobs or ()]
        self.likelihood[label] = fmean(logprobs) if logprobs else 0.0
        return reply

    def to(self, model: str, strategy: str | None = None) -> Direct:
        """This door: there is no other model."""
        return self

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        return [await self.complete(request, label) for label in labels]

    def note(self, event: str, **fields: Any) -> None: ...


async def draw_items(problems: int, prompts: PromptSet) -> list[Item]:
    """Held-out problems on which the small solver is sometimes right and sometimes wrong."""
    solver, rng = open_embedded("embedded:small-solver"), random.Random(0)

    async def one(seed: int, question: str, right: int) -> Item | None:
        asked = prompts.render("attempt", Question(question), style=prompts.style("any"))
        request = Request(asked, 768, 1.0, seed=seed)
        reply = await solver.complete(request, ATTEMPTS, received=Received())
        by_answer = {
            c.text.rsplit("Answer: ", 1)[1].strip(): c.text
            for c in reversed(reply.completions)
            if "Answer: " in c.text
        }
        good = by_answer.pop(str(right), None)
        if good is None or not by_answer:
            return None
        wrong = list(by_answer.values())[:MOST_WRONG]
        label = rng.randrange(len(wrong) + 1)
        return Item(Question(question), (*wrong[:label], good, *wrong[label:]), label)

    held_out = held_out_problems("test", problems, seed=7)
    try:
        drawn = await asyncio.gather(
            *(one(seed, p.question, p.answer) for seed, p in enumerate(held_out))
        )
    finally:
        await solver.close()
    return [item for item in drawn if item is not None]


async def judge_all(
    items: Sequence[Item], prompts: PromptSet
) -> list[list[tuple[Judgement, float | None]]]:
    """As many judgements of every item as the largest k, each with its meta reward."""
    writer = open_embedded("embedded:small-judge")
    capabilities, _ = await writer.probe()
    door = Direct(writer, capabilities)

    async def one(number: int, item: Item, ordinal: int) -> tuple[Judgement, float | None]:
        case = Case(item.question, item.responses, "", 1.0, "pointwise", door, prompts)
        label = f"{number}/{ordinal}"
        groups = grouped(len(item.responses), "pointwise", 1, label)
        judgement = await judge(case, groups, label)
        return judgement, fmean(door.likelihood[f"{label}/{g}"] for g in range(len(groups)))

    try:
        return [
            list(await asyncio.gather(*(one(i, item, j) for j in range(max(SAMPLES)))))
            for i, item in enumerate(items)
        ]
    finally:
        await writer.close()


def accuracy(
    items: Sequence[Item],
    judged: Sequence[Sequence[tuple[Judgement, float | None]]],
    k: int,
    meta: bool,
) -> tuple[float, float]:
    """Strict accuracy and that with ties credited evenly, over random k of the samples."""
    rng, strict, even = random.Random(k), [], []
    for item, pool in zip(items, judged, strict=True):
        for _ in range(DRAWS if k < len(pool) else 1):
            drawn = rng.sample(pool, k)
            samples: list[JudgedScores] = [judgement.scores for judgement, _ in drawn]
            if meta:
                samples = best_rated(samples, [rating for _, rating in drawn])
            earned = credit(totals(samples, len(item.responses)), item.label)
            strict.append(earned.strict)
            even.append(earned.ties_even)
    return fmean(strict), fmean(even)


async def run(problems: int) -> None:
    prompts = load_prompt_set("embedded")
    items = await draw_items(problems, prompts)
    judged = await judge_all(items, prompts)
    chance = fmean(1 / len(item.responses) for item in items)
    print(f"{len(items)} items of {problems} held-out problems; chance {chance:.3f}\n")
    print("| samples | strict | ties even | strict, better half | ties even, better half |")
    print("|---|---|---|---|---|")
    for k in SAMPLES:
        figures = (*accuracy(items, judged, k, False), *accuracy(items, judged, k, True))
        print(f"| {k} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=200)
    asyncio.run(run(parser.parse_args().problems))
