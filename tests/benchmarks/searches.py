"""Step searches on a served verifier: `python -m tests.benchmarks.searches [--problems N]`.

Prints the table of docs/strategies.md: every search over steps, plain voting and choosing by the
same reward, on held-out problems; accuracy and what each cost in tokens. The small solver writes,
the project's own verifier scores, served by a process of its own in vLLM's format.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

import its
from its.analysis.intervals import wilson_interval
from its.pipeline.load import load_pipeline
from its_training.problems import held_out_problems
from tests.servers.verifier import NAME, ServedVerifier, served_verifier

SEED = 7
MOST = 200
"""Completions of one problem, scores included: what ends a search that would go on."""


@dataclass(frozen=True, slots=True)
class Way:
    """A row of the table: what is tried and what chooses."""

    title: str
    stage: dict[str, Any]
    select: str


def ways(n: int) -> Iterator[Way]:
    for samples in (1, 2, 4, 8, 16, 32):
        stage = {"strategy": "self_consistency", "n": samples, "style": "step_by_step"}
        yield Way(f"plain vote of {samples}", stage, "vote")
    for samples in (4, 8, 16):
        stage = {"strategy": "best_of_n", "n": samples, "style": "step_by_step"}
        yield Way(f"best of {samples}", stage | {"guard": False}, "best_of_n")
        yield Way(f"weighted vote of {samples}", stage, "weighted_vote")
    yield from (
        Way(name, stage | {"strategy": name}, "weighted_vote")
        for name, stage in {
            "beam": {"n": n, "branching": 2},
            "dvts": {"n": n, "branching": 2},
            "rebase": {"n": n},
            "particle_filter": {"n": n},
            "fk_steering": {"n": n},
            "particle_gibbs": {"n": n, "sweeps": 2},
            "best_first": {"n": n, "branching": 2},
            "mcts": {"expansions": 2 * n, "branching": 2},
        }.items()
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What a way came to; per problem, tokens that the solver wrote and read and that the verifier
    read."""

    right: int
    problems: int
    written: float
    read: float
    scored: float

    def row(self, title: str) -> str:
        low, high = wilson_interval(self.right, self.problems)
        share = self.right / self.problems
        costs = " | ".join(f"{each:,.0f}" for each in (self.written, self.read, self.scored))
        return f"| {title} | {share:.3f} [{low:.3f}, {high:.3f}] | {costs} |"


def measure(way: Way, verifier: ServedVerifier, problems: list[dict[str, Any]]) -> Found:
    stage = {key: value for key, value in way.stage.items() if key != "guard"}
    if way.stage["strategy"] not in ("self_consistency", "best_of_n"):
        stage["style"] = "step_by_step"
    select: dict[str, Any] = {"method": way.select}
    if way.select != "vote":
        select["reward"] = verifier.reward()
    if way.select == "best_of_n":
        select["guard"] = False
    settings = {
        "model.name": "embedded",
        "difficulty": {"method": "fixed", "value": 10},
        "budget": {"max": MOST, "per_difficulty": MOST},
        "stages": [stage],
        "select": select,
        "stop": "none",
        "seed": SEED,
    }
    before = verifier.counts()["tokens"]
    with tempfile.TemporaryDirectory() as folder:
        pipeline = load_pipeline("self_consistency", settings)
        rows = list(its.solve(problems, pipeline, run=Path(folder, "run")))
        bills = orjson.loads(Path(folder, "run", "compute.json").read_bytes())["by_model"]
    failed = [row.error for row in rows if row.status == "failed"]
    assert not failed, failed[0]
    solver = next(bill for name, bill in bills.items() if name != NAME)
    count = len(rows)
    return Found(
        sum(row.correct is True for row in rows),
        count,
        solver["completion_tokens"] / count,
        solver["prompt_tokens"] / count,
        (verifier.counts()["tokens"] - before) / count,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Step searches on a served verifier.")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("-n", type=int, default=4, help="solutions that each search keeps")
    parser.add_argument("--only", nargs="*", default=[""], help="titles that begin so")
    options = parser.parse_args()
    drawn = held_out_problems("test", options.problems, SEED)
    problems = [
        {"id": str(i), "question": problem.question, "answer": str(problem.answer)}
        for i, problem in enumerate(drawn)
    ]
    print("| way | right | written | read | scored |\n|---|---|---|---|---|")
    with served_verifier() as verifier:
        for way in ways(options.n):
            if way.title.startswith(tuple(options.only)):
                print(measure(way, verifier, problems).row(way.title), flush=True)


if __name__ == "__main__":
    main()
