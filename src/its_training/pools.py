"""Pools: every sample, check and greedy answer of the embedded models on a set of problems.

A pool is drawn once and kept as a JSON file; all figures are computed from it, so that strategies
are compared on the same samples, and a change of rule costs no new sampling.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from its_training.checking import TOP_SCORE
from its_training.lessons import PLAIN, filled, solve_prompt
from its_training.problems import Problem
from its_training.writing import Answered, Ask, Writers, Written

# The best of the styles for greedy answers, of both solvers, on development problems.
GREEDY_STYLE = "step_by_step"

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

    @property
    def reward(self) -> float | None:
        """The expected score times the probability of the whole reply: a verifier that does the
        sums again and is not sure of what it finds has found no solution right."""
        if self.expected is None:
            return None
        return self.expected * math.exp(self.certainty)


@dataclass(frozen=True)
class Reading:
    """The log probability that the verifier gives to all that a sample derives, and the FLOPs of
    reading it, prompt included."""

    certainty: float
    flops: float


@dataclass(frozen=True)
class Sample:
    """A solution: its answer (None abstains), the log probability of all that it derives (not of
    the choices of what to do next), and what it cost beside the prompt. `check` is a critique that
    the verifier wrote of it, `reading` what the verifier thinks of it without writing."""

    style: str
    text: str
    answer: str | None
    certainty: float
    tokens: int
    flops: float
    check: Check | None = None
    reading: Reading | None = None


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


@dataclass(frozen=True)
class Draws:
    """How a pool is drawn: each problem `samples` times, in turn through `styles`; the verifier
    reads all of them and criticises the first `checked`."""

    styles: tuple[str, ...]
    samples: int
    checked: int
    temperature: float
    seed: int
    processes: int


def draw_pool(problems: Sequence[Problem], solver: Path, draws: Draws) -> list[Entry]:
    """Samples, greedy answers and ratings by the small solver, on every problem."""
    styles = draws.styles
    turns = {s: [i for i in range(draws.samples) if styles[i % len(styles)] == s] for s in styles}
    with Writers(solver, draws.processes) as writers:
        drawn = {
            style: writers.write([
                Ask(solve_prompt(p.question, style), _seed(draws.seed, i, style), len(turn),
                    draws.temperature, logprobs=True)
                for i, p in enumerate(problems)
            ])
            for style, turn in turns.items()
        }  # fmt: skip
        greedy = _greedy(writers, problems)
        bare = _greedy(writers, problems, PLAIN)
        ratings = writers.write([Ask(filled("difficulty", question=p.question)) for p in problems])
    entries = []
    for i, problem in enumerate(problems):
        placed = {
            place: _sample(style, reply, problem.restated)
            for style, turn in turns.items()
            for place, reply in zip(turn, drawn[style][i].replies, strict=True)
        }
        entries.append(
            Entry(
                problem,
                tuple(placed[place] for place in range(draws.samples)),
                {style: drawn[style][i].prompt_flops for style in turns},
                {"small-solver": greedy[i], "small-solver, bare question,": bare[i]},
                _rating(ratings[i].replies[0].text),
            )
        )
    return entries


def with_checks(entries: Sequence[Entry], verifier: Path, draws: Draws) -> list[Entry]:
    """The same entries with the verifier's checks of their first samples."""
    with Writers(verifier, draws.processes) as writers:
        texts = [(e.problem, s) for e in entries for s in e.samples[: draws.checked]]
        checks = iter(check_all(writers, texts))
    return [
        replace(
            entry,
            samples=tuple(
                replace(s, check=next(checks)) if i < draws.checked else s
                for i, s in enumerate(entry.samples)
            ),
        )
        for entry in entries
    ]


def with_readings(entries: Sequence[Entry], verifier: Path, draws: Draws) -> list[Entry]:
    """The same entries with the verifier's reading of all samples."""
    passages = [
        (solve_prompt(e.problem.question, s.style), s.text) for e in entries for s in e.samples
    ]
    once = list(dict.fromkeys(passages))  # the same text is read the same, and charged each time
    with Writers(verifier, draws.processes) as writers:
        reads = dict(zip(once, writers.read(once), strict=True))

    def with_reading(entry: Entry, sample: Sample) -> Sample:
        read = reads[solve_prompt(entry.problem.question, sample.style), sample.text]
        certainty = certainty_of(sample.text, read.logprobs, entry.problem.restated)
        return replace(sample, reading=Reading(certainty, read.flops))

    return [
        replace(entry, samples=tuple(with_reading(entry, s) for s in entry.samples))
        for entry in entries
    ]


def with_large(entries: Sequence[Entry], large: Path, draws: Draws) -> list[Entry]:
    """The same entries with the large solver's greedy answers."""
    with Writers(large, draws.processes) as writers:
        answers = _greedy(writers, [e.problem for e in entries])
    return [
        replace(entry, greedy={**entry.greedy, "large-solver": answer})
        for entry, answer in zip(entries, answers, strict=True)
    ]


def check_all(verifier: Writers, texts: Sequence[tuple[Problem, Sample]]) -> list[Check]:
    """The verifier's check of each sample, written greedily."""
    asks = [
        Ask(filled("critique", question=p.question, draft=s.text), logprobs=True, limit=1000)
        for p, s in texts
    ]
    once = list(dict.fromkeys(asks))
    checks = dict(zip(once, map(_check, verifier.write(once)), strict=True))
    return [checks[ask] for ask in asks]


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
            Sample(
                **{
                    **s,
                    "check": Check(**s["check"]) if s["check"] else None,
                    "reading": Reading(**s["reading"]) if s.get("reading") else None,
                }
            )
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


def _greedy(
    writers: Writers, problems: Sequence[Problem], style: str = GREEDY_STYLE
) -> list[tuple[str | None, float]]:
    answers = writers.write([Ask(solve_prompt(p.question, style)) for p in problems])
    return [(answer_of(a.replies[0].text), a.flops) for a in answers]


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
