"""Cutting rules on the embedded model: `python -m tests.benchmarks.cutting_embedded`.

Prints the table of docs/allocation.md. Each held-out problem's samples are drawn once, whole; every
variant then runs the real stage on them at a door that lets them grow eight tokens at a time, all
at once, as the embedded engine does. So the variants differ by nothing but their rules.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from its.allocation.cutting import CuttingRule
from its.allocation.cutting_rules import LowConfidence, Shortest
from its.allocation.deepconf import trace_confidence
from its.allocation.stopping import Consensus, StoppingRule
from its.answers import extract
from its.candidates import Answer, Candidate
from its.models.embedded import open_embedded
from its.models.protocol import Capabilities, Completion, Received, Request
from its.models.watching import Watches, stopped
from its.problems.problem import Message, Question
from its.prompts import load_prompt_set
from its.strategies.protocol import Assignment
from its.strategies.self_consistency import SelfConsistency
from its_training.problems import held_out_problems
from tests.benchmarks.cutting import Solved, Variant, compare, heading

STEP = 8
"""Tokens between two looks, as in the embedded engine."""


@dataclass(frozen=True, slots=True)
class Rules:
    """A variant with its parts built."""

    variant: Variant
    cuts: tuple[CuttingRule, ...] = ()
    stop: StoppingRule | None = None


class GrowingDoor:
    """A door whose completions are there already, and grow before the eyes of the watches. `spent`
    counts the tokens that were written."""

    capabilities = Capabilities(n=True, logprobs=True, cuts_each=True)
    remaining = None

    def __init__(self, samples: Sequence[Completion]) -> None:
        self.samples = samples
        self.spent = 0

    def request(self, messages: Sequence[Message], **settings: Any) -> Request:
        return Request(tuple(messages), 768, logprobs=settings.get("logprobs"))

    async def complete(self, request: Request, label: str) -> Completion:
        raise NotImplementedError

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Any]:
        running = {label: self.samples[int(label)] for label in labels}
        if watches is None:
            self.spent += sum(sample.tokens or 0 for sample in running.values())
            return list(running.values())
        seen = {label: watches[label]() for label in labels}
        ended: dict[str, Completion] = {}
        at = 0
        while running:
            for label, sample in list(running.items()):
                new = (sample.logprobs or ())[at : at + STEP]
                tops = [[number for _, number in token.top] for token in new]
                cut = seen[label].look("".join(token.token for token in new), len(new), tops)
                self.spent += len(new)
                if cut is not None:
                    ended[label] = stopped(replace(sample, tokens=at + len(new)), cut)
                elif at + len(new) == sample.tokens:
                    least = seen[label].ended(sample.tokens)
                    ended[label] = replace(sample, least_confidence=least)
                if label in ended:
                    del running[label]
            at += STEP
        return [ended[label] for label in labels]

    def to(self, model: str, strategy: str | None = None) -> GrowingDoor:
        return self

    def note(self, event: str, **fields: Any) -> None: ...


def variants(options: argparse.Namespace) -> list[Rules]:
    agree = Consensus(0.95, minimum=options.warm_up, maximum=options.n)
    found = [Rules(Variant("vote")), Rules(Variant("vote, consensus"), stop=agree)]
    for keep in options.keep:
        rule = LowConfidence(options.warm_up, keep, options.group)
        found.append(Rules(Variant(f"deepconf {keep:g}"), (rule,)))
        found.append(Rules(Variant(f"deepconf {keep:g}, weighted", weighted=True), (rule,)))
        found.append(Rules(Variant(f"deepconf {keep:g}, consensus"), (rule,), agree))
    found += [Rules(Variant(f"shortest {m}"), (Shortest(m),)) for m in options.m]
    found += [Rules(Variant(f"vote of {k}")) for k in options.fewer]
    return found


async def solved(
    rules: Rules, samples: Sequence[Completion], question: str, group: int
) -> tuple[str | None, int]:
    """The answer of one variant, and the tokens that it spent."""
    door, prompts = GrowingDoor(samples), load_prompt_set("embedded")
    name, n = rules.variant.name, len(samples)
    n = int(name.rpartition(" ")[2]) if name.startswith("vote of") else n
    work = Assignment(
        question=Question(question),
        door=door,
        prompts=prompts,
        read=lambda text: extract(text, "auto"),
        same=lambda a, b: a.text == b.text,
        completions=n,
        seed=0,
        stop=rules.stop,
        cuts=rules.cuts,
    )
    outcome = await SelfConsistency(n=n, style="any", logprobs=5).run(work)
    votes: defaultdict[str, float] = defaultdict(float)
    for candidate in outcome.candidates:
        if candidate.answer is not None:
            votes[_said(candidate.answer)] += _weight(candidate, rules.variant.weighted, group)
    return (max(votes, key=lambda answer: votes[answer]) if votes else None), door.spent


def _weight(candidate: Candidate, weighted: bool, group: int) -> float:
    return trace_confidence(candidate.token_confidences, "lowest", group) if weighted else 1


def _said(answer: Answer) -> str:
    return answer.text.strip().removesuffix(".0")


async def measure(options: argparse.Namespace) -> None:
    model, prompts = open_embedded(options.model), load_prompt_set("embedded")
    rules = variants(options)
    results = [Solved({}, {}) for _ in rules]
    problems = held_out_problems("test", options.problems, seed=7)
    try:
        for number, problem in enumerate(problems):
            asked = prompts.render(
                "attempt", Question(problem.question), style=prompts.style("any")
            )
            request = Request(asked, 768, options.temperature, seed=number, logprobs=5)
            reply = await model.complete(request, options.n, received=Received())
            for each, result in zip(rules, results, strict=True):
                said, spent = await solved(each, reply.completions, problem.question, options.group)
                result.right[str(number)] = said == str(problem.answer)
                result.tokens[str(number)] = spent
    finally:
        await model.close()
    print(heading(), flush=True)
    for each, result in zip(rules, results, strict=True):
        print(compare(each.variant, result, results[0]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--model", default="embedded:small-solver")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--n", type=int, default=32)
    parser.add_argument("--warm-up", type=int, default=8)
    parser.add_argument("--group", type=int, default=16)
    parser.add_argument("--keep", type=float, nargs="*", default=[0.9, 0.5, 0.1])
    parser.add_argument("--m", type=int, nargs="*", default=[3, 8, 16])
    parser.add_argument("--fewer", type=int, nargs="*", default=[3, 8, 16])
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
