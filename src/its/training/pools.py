"""Pools: every sample, check and greedy answer of the embedded models on a set of problems.

A pool is drawn once and kept as a JSON file; all figures are computed from it, so that strategies
are compared on the same samples, and a change of rule costs no new sampling.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from its.training.checking import TOP_SCORE
from its.training.lessons import filled, solve_prompt
from its.training.problems import Problem
from its.training.writing import Answered, Ask, Writers, Written

_ANSWER = re.compile(r"(?:^|\n)Answer: (-?\d+)$")
_SCORE = re.compile(r"(?:^|\n)Score: (\d)$")
_RATING = re.compile(r"^Difficulty: (\d+)$")


@dataclass(frozen=True)
class Check:
    """What the verifier said of a sample: its score 0..9, the same expected over the digit's
    probabilities, as shares of 9; the log probability of all it wrote; FLOPs, prompt included."""

    score: float | None
    expected: float | None
    certainty: float
    flops: float


@dataclass(frozen=True)
class Sample:
    """A solution: its answer (None abstains), the log probability of all that it derives (not of
    the choices of what to do next), and what it cost beside the prompt."""

    style: str
    text: str
    answer: str | None
    certainty: float
    tokens: int
    flops: float
    check: Check | None = None


@dataclass(frozen=True)
class Entry:
    """All that was asked about one problem. `prompts` are the FLOPs of each style's prompt."""

    problem: Problem
    samples: tuple[Sample, ...]
    prompts: dict[str, float]
    greedy: dict[str, tuple[str | None, float]]
    rating: int | None

    def right(self, answer: str | None) -> bool:
        return answer == str(self.problem.answer)


@dataclass(frozen=True)
class Weights:
    """The weight files of a family."""

    solver: Path
    verifier: Path | None
    large: Path | None

    @staticmethod
    def in_folder(folder: Path) -> Weights:
        verifier, large = folder / "small-verifier.safetensors", folder / "large-solver.safetensors"
        return Weights(
            folder / "small-solver.safetensors",
            verifier if verifier.exists() else None,
            large if large.exists() else None,
        )


def draw_pool(
    problems: Sequence[Problem],
    weights: Weights,
    styles: Sequence[str],
    samples: int,
    checked: int,
    temperature: float,
    seed: int,
    processes: int,
) -> list[Entry]:
    """Sample each problem `samples` times, in turn through `styles`; check the first `checked`."""
    turns = {s: [i for i in range(samples) if styles[i % len(styles)] == s] for s in styles}
    with Writers(weights.solver, processes) as solver:
        drawn: dict[str, list[Answered]] = {}
        for style, turn in turns.items():
            drawn[style] = solver.write([
                Ask(solve_prompt(p.question, style), _seed(seed, i, style), len(turn), temperature,
                    logprobs=True)
                for i, p in enumerate(problems)
            ])  # fmt: skip
        greedy = {"small-solver": _greedy(solver, problems)}
        ratings = solver.write([Ask(filled("difficulty", question=p.question)) for p in problems])
    entries: list[list[Sample]] = []
    for i, problem in enumerate(problems):
        placed = {
            place: _sample(style, reply, problem.restated)
            for style, turn in turns.items()
            for place, reply in zip(turn, drawn[style][i].replies, strict=True)
        }
        entries.append([placed[place] for place in range(samples)])
    if weights.verifier and checked:
        with Writers(weights.verifier, processes) as verifier:
            pairs = zip(problems, entries, strict=True)
            texts = [(p, s) for p, row in pairs for s in row[:checked]]
            checks = iter(check_all(verifier, texts))
        entries = [
            [Sample(**{**vars(s), "check": next(checks)}) if j < checked else s
             for j, s in enumerate(row)]
            for row in entries
        ]  # fmt: skip
    if weights.large:
        with Writers(weights.large, processes) as large:
            greedy["large-solver"] = _greedy(large, problems)
    return [
        Entry(
            problem,
            tuple(row),
            {style: drawn[style][i].prompt_flops for style in turns},
            {model: answers[i] for model, answers in greedy.items()},
            _rating(ratings[i].replies[0].text),
        )
        for i, (problem, row) in enumerate(zip(problems, entries, strict=True))
    ]


def check_all(verifier: Writers, texts: Sequence[tuple[Problem, Sample]]) -> list[Check]:
    """The verifier's check of each sample, written greedily."""
    asks = [
        Ask(filled("critique", question=p.question, draft=s.text), logprobs=True, limit=400)
        for p, s in texts
    ]
    return [_check(answer) for answer in verifier.write(asks)]


def certainty_of(text: str, logprobs: Sequence[float], restated: bool) -> float:
    """Sum of log probabilities of what a solution derives: all that follows the first `=` of a
    line, and a story's expression; not the choice of the next operation, which is free."""
    total, derived = 0.0, restated
    for character, logprob in zip(text, logprobs, strict=False):
        if derived:
            total += logprob
        if character == "\n":
            derived = False
        elif character in "=A":
            derived = True
    return total


def save_pool(path: Path, entries: Sequence[Entry], about: Mapping[str, object]) -> None:
    """Write a pool with a note about how it was drawn."""
    path.write_text(json.dumps({"about": about, "entries": [asdict(e) for e in entries]}))


def load_pool(path: Path) -> tuple[list[Entry], dict[str, object]]:
    """A pool and the note about it."""
    raw = json.loads(path.read_text())
    entries = []
    for row in raw["entries"]:
        samples = tuple(
            Sample(**{**s, "check": Check(**s["check"]) if s["check"] else None})
            for s in row["samples"]
        )
        greedy = {model: (answer, flops) for model, (answer, flops) in row["greedy"].items()}
        entries.append(
            Entry(Problem(**row["problem"]), samples, row["prompts"], greedy, row["rating"])
        )
    return entries, raw["about"]


def answer_of(text: str) -> str | None:
    """The answer that a solution ends with."""
    match = _ANSWER.search(text)
    return match[1] if match else None


def _seed(seed: int, index: int, style: str) -> int:
    return seed * 1_000_003 + index * 101 + sum(map(ord, style))


def _greedy(writers: Writers, problems: Sequence[Problem]) -> list[tuple[str | None, float]]:
    answers = writers.write([Ask(solve_prompt(p.question, GREEDY_STYLE)) for p in problems])
    return [(answer_of(a.replies[0].text), a.flops) for a in answers]


GREEDY_STYLE = "step_by_step"


def _sample(style: str, reply: Written, restated: bool) -> Sample:
    certainty = certainty_of(reply.text, reply.logprobs, restated)
    return Sample(style, reply.text, answer_of(reply.text), certainty, reply.tokens, reply.flops)


def _check(answer: Answered) -> Check:
    reply = answer.replies[0]
    found = _SCORE.search(reply.text)
    score = int(found[1]) / TOP_SCORE if found else None
    expected = None
    if found and reply.last_digit and math.fsum(reply.last_digit) > 0.5:
        weight = math.fsum(reply.last_digit)
        expected = math.fsum(d * p for d, p in enumerate(reply.last_digit)) / weight / TOP_SCORE
    return Check(score, expected, math.fsum(reply.logprobs), answer.flops)


def _rating(text: str) -> int | None:
    match = _RATING.match(text)
    return int(match[1]) if match else None
