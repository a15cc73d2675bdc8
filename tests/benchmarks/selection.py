"""What selecting is worth on recorded pools: `python -m tests.benchmarks.selection [POOLS]`.

Prints the tables of docs/selection.md. POOLS is the folder of recorded samples, shared/data/pools
beside the repository unless named.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, cast

from its.allocation.reward_gain import expected_gain
from its.candidates import Answer, Candidate, Score, Selection
from its.problems.problem import Question
from its.rewards.step_aggregation import StepAggregation, aggregate
from its.selection import (
    Ballot,
    Borda,
    MajorityOfBests,
    Selector,
    best_by_reward,
    norm_vote,
    vote,
    weighted_vote,
)
from its.selection.ranking import guard_of
from its.verifiers.agreement import agreement

POOLS = Path(__file__).resolve().parents[3] / "shared/data/pools"
BEAMS = "search-and-learn__math500-full__llama-3.1-8b-awq-prm-beams"
PROGRAMS = "codet__humaneval__codegen-16b"
SAMPLES = {
    "Llama-3.1-8B, MATH": "search-and-learn__math500-first100__llama-3.1-8b-instruct-awq",
    "Qwen2.5-Math-7B, MATH": "itu__math500__qwen2.5-math-7b",
    "Qwen2.5-Math-1.5B, MATH": "itu__math500__qwen2.5-math-1.5b",
    "four models, GSM8K": "openai-gsm__gsm8k-test__4-models",
}
AGGREGATIONS: tuple[StepAggregation, ...] = ("last", "min", "prod", "mean", "last_min")
DRAWS = 5
BEAM_CANDIDATES = 16

Choose = Callable[[Sequence[Candidate], Sequence[int | None]], Selection]


@dataclass(frozen=True, slots=True)
class Pool:
    """One problem: its candidates, their class numbers, and which of them are right."""

    candidates: tuple[Candidate, ...]
    classes: tuple[int | None, ...]
    right: tuple[bool, ...]

    def drawn(self, positions: Sequence[int]) -> Pool:
        return Pool(
            tuple(self.candidates[i] for i in positions),
            tuple(self.classes[i] for i in positions),
            tuple(self.right[i] for i in positions),
        )

    def credit(self, selection: Selection) -> bool:
        chosen = selection.candidate
        return chosen is not None and self.right[self.candidates.index(chosen)]


@cache
def load(folder: Path, name: str) -> tuple[Pool, ...]:
    """A recorded pool; answers are the same where their recorded texts are."""
    return tuple(_pool(row["samples"]) for row in _rows(folder, name))


def draws(pools: Sequence[Pool], count: int, times: int = DRAWS) -> Iterator[list[Pool]]:
    """`count` candidates a problem without replacement, several times, in their recorded order."""
    for seed in range(times):
        rng = random.Random(seed)
        yield [p.drawn(sorted(rng.sample(range(len(p.candidates)), count))) for p in pools]


# --- beams with step scores ---------------------------------------------------------------------


def beam_accuracies(folder: Path) -> dict[str, list[float]]:
    """A row of accuracies (one a problem, the mean over draws) for each way to select."""
    ways: dict[str, Choose] = {"vote": vote}
    for how in AGGREGATIONS:
        ways |= ways_to_use(how)
    drawn = list(draws(load(folder, BEAMS), BEAM_CANDIDATES))
    return {
        name: [
            fmean(pool.credit(choose(pool.candidates, pool.classes)) for pool in of_one)
            for of_one in zip(*drawn, strict=True)
        ]
        for name, choose in ways.items()
    }


def ways_to_use(how: StepAggregation) -> dict[str, Choose]:
    """Every way to select by step scores that are aggregated so."""

    def best(candidates: Sequence[Candidate], classes: Sequence[int | None]) -> Selection:
        return best_by_reward(candidates, range(len(candidates)), scores_of(candidates, how))

    def guarded(candidates: Sequence[Candidate], classes: Sequence[int | None]) -> Selection:
        guard = guard_of(sum(number is not None for number in classes))
        return norm_vote(candidates, classes, scores_of(candidates, how), guard)

    def weighted(candidates: Sequence[Candidate], classes: Sequence[int | None]) -> Selection:
        return weighted_vote(candidates, classes, scores_of(candidates, how))

    return {
        f"best-of-n, {how}": best,
        f"best-of-n with guard, {how}": guarded,
        f"weighted vote, {how}": weighted,
    }


def cross_validated(rows: Sequence[Sequence[float]], folds: int = 100) -> float:
    """Accuracy when the row that does best on one half of the problems is used on the other."""
    rng, problems, results = random.Random(0), len(rows[0]), []
    for _ in range(folds):
        half = [rng.random() < 0.5 for _ in range(problems)]
        for side in (True, False):
            best = max(rows, key=lambda row: _mean_where(row, half, side))
            results.append((_mean_where(best, half, not side), half.count(not side)))
    return sum(mean * count for mean, count in results) / sum(count for _, count in results)


def paired_interval(
    better: Sequence[float], worse: Sequence[float], resamples: int = 4000
) -> tuple[float, float, float]:
    """Mean difference and its 95 % interval, by a bootstrap over problems."""
    differences = [a - b for a, b in zip(better, worse, strict=True)]
    rng, count = random.Random(0), len(differences)
    means = sorted(fmean(rng.choices(differences, k=count)) for _ in range(resamples))
    return fmean(differences), means[int(0.025 * resamples)], means[int(0.975 * resamples)]


def scores_of(candidates: Sequence[Candidate], how: StepAggregation) -> list[float | None]:
    return [aggregate(candidate.step_scores, how) for candidate in candidates]


def of_ranks(folder: Path) -> dict[str, list[float]]:
    """The same for selections that read the order of the scores (last times the least) alone."""
    drawn = list(draws(load(folder, BEAMS), BEAM_CANDIDATES))
    selectors: dict[str, Selector] = {
        "majority of the bests": MajorityOfBests(),
        "Borda, power ½": Borda(),
        "Borda, power 1": Borda(power=1.0),
        "Borda, power 2": Borda(power=2.0),
    }
    return {
        name: [
            fmean(pool.credit(_select(selector, pool)) for pool in of_one)
            for of_one in zip(*drawn, strict=True)
        ]
        for name, selector in selectors.items()
    }


def _select(selector: Selector, pool: Pool) -> Selection:
    values = scores_of(pool.candidates, "last_min")
    scores = [Score(c.id, v, "steps") for c, v in zip(pool.candidates, values, strict=True)]
    nothing = cast(Any, None)  # these selections ask nobody
    ballot = Ballot(Question(""), pool.candidates, pool.classes, scores, nothing, nothing)
    return asyncio.run(selector.select(ballot))


@dataclass(frozen=True, slots=True)
class Stopped:
    """Best-of-n that ends by price: candidates drawn, accuracy of the best and of the weighted vote
    among them; and of the first so many, where the number is the same for every problem."""

    drawn: float
    best: float
    weighted: float
    best_of_as_many: float
    weighted_of_as_many: float


def stopped_by(price: float, folder: Path, first: int = 4) -> Stopped:
    """On the beams in a drawn order, by the product of step scores; 16 candidates at most."""
    pools, rng = load(folder, BEAMS), random.Random(0)
    shuffled = [
        pool.drawn(rng.sample(range(len(pool.candidates)), BEAM_CANDIDATES))
        for _ in range(DRAWS)
        for pool in pools
    ]
    counts = [_drawn_at(price, pool, first) for pool in shuffled]
    mean = fmean(counts)
    return Stopped(
        mean,
        *_best_and_weighted(shuffled, counts),
        *_between(
            _best_and_weighted(shuffled, [int(mean)] * len(shuffled)),
            _best_and_weighted(shuffled, [int(mean) + 1] * len(shuffled)),
            mean - int(mean),
        ),
    )


def _drawn_at(price: float, pool: Pool, first: int) -> int:
    values = [value or 0.0 for value in scores_of(pool.candidates, "prod")]
    ends = (n for n in range(first, len(values)) if expected_gain(values[:n]) < price)
    return next(ends, len(values))


def _best_and_weighted(pools: Sequence[Pool], counts: Sequence[int]) -> tuple[float, float]:
    best = weighted = 0
    for pool, count in zip(pools, counts, strict=True):
        part = pool.drawn(range(min(count, len(pool.candidates))))
        scores = scores_of(part.candidates, "prod")
        best += part.credit(best_by_reward(part.candidates, range(len(part.candidates)), scores))
        weighted += part.credit(weighted_vote(part.candidates, part.classes, scores))
    return best / len(pools), weighted / len(pools)


def _between(
    low: tuple[float, float], high: tuple[float, float], share: float
) -> tuple[float, float]:
    return (low[0] + share * (high[0] - low[0]), low[1] + share * (high[1] - low[1]))


# --- programs with tests ------------------------------------------------------------------------


def program_accuracies(folder: Path, count: int) -> dict[str, float]:
    """Accuracy of selecting among `count` programs by generated tests, as a mean over draws.

    Classes are the sets of tests passed. Plain best-of-n credits ties evenly.
    """
    rows = list(_rows(folder, PROGRAMS))
    found: dict[str, list[float]] = {"best-of-n": [], "best-of-n with guard": [], "agreement": []}
    for seed in range(DRAWS if count < len(rows[0]["samples"]) else 1):
        rng = random.Random(seed)
        for row in rows:
            samples = row["samples"]
            drawn = [samples[i] for i in sorted(rng.sample(range(len(samples)), count))]
            for name, value in _program_credits(drawn, row["generated_tests_freq"]).items():
                found[name].append(value)
    return {name: fmean(values) for name, values in found.items()}


def _program_credits(
    samples: Sequence[dict[str, Any]], weights: Sequence[float]
) -> dict[str, float]:
    passed = [[bit == "1" for bit in sample["gen_test_bits"] or ""] for sample in samples]
    tests = max(map(len, passed))
    passed = [row + [False] * (tests - len(row)) for row in passed]
    scores = [sum(row) / tests if tests else 0.0 for row in passed]
    right = [bool(sample["correct"]) for sample in samples]
    texts = [sample["text"] for sample in samples]
    agreed = agreement(passed, texts, weights[:tests])
    pool = Pool(
        tuple(Candidate(str(i), text, Answer(text, "code")) for i, text in enumerate(texts)),
        agreed.classes,
        tuple(right),
    )
    guarded = norm_vote(pool.candidates, pool.classes, scores, guard_of(len(samples)))
    return {
        "best-of-n": fmean(r for r, s in zip(right, scores, strict=True) if s == max(scores)),
        "best-of-n with guard": pool.credit(guarded),
        "agreement": right[agreed.chosen or 0],
    }


# --- confidence ---------------------------------------------------------------------------------


def reliability(folder: Path, name: str, bins: int = 5) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, cases) by bins of a vote's confidence, over votes of 2, 4, 8,
    16 and 32 samples of one pool as far as it has them."""
    pools = load(folder, name)
    cells: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for count in (2, 4, 8, 16, 32):
        if count > len(pools[0].candidates):
            break
        for pool in (pool for drawn in draws(pools, count) for pool in drawn):
            selection = vote(pool.candidates, pool.classes)
            if selection.confidence is not None:
                cell = min(int(selection.confidence * bins), bins - 1)
                cells[cell].append((selection.confidence, pool.credit(selection)))
    return [
        (fmean(c for c, _ in cell), fmean(r for _, r in cell), len(cell)) for cell in cells if cell
    ]


# --- tables -------------------------------------------------------------------------------------


def main(folder: Path = POOLS) -> None:
    beams = beam_accuracies(folder)
    print("| steps | best-of-n | with guard | weighted vote |\n|---|---|---|---|")
    for how in AGGREGATIONS:
        ways = ("best-of-n", "best-of-n with guard", "weighted vote")
        print(f"| {how} | " + " | ".join(f"{fmean(beams[f'{w}, {how}']):.3f}" for w in ways) + " |")
    default, usual = beams["weighted vote, last_min"], beams["weighted vote, last"]
    print(f"\nplain vote {fmean(beams['vote']):.3f}")
    print(f"last_min or last, chosen on the other half: {cross_validated([default, usual]):.3f}")
    every = [beams[f"weighted vote, {how}"] for how in AGGREGATIONS]
    print(f"any of the five, chosen on the other half: {cross_validated(every):.3f}")
    print("last_min - last: {:+.3f} [{:+.3f}, {:+.3f}]".format(*paired_interval(default, usual)))
    print("\n| by ranks | right |\n|---|---|")
    for name, row in of_ranks(folder).items():
        print(f"| {name} | {fmean(row):.3f} |")
    print("\n| price | drawn | best | best of as many | weighted | weighted vote of as many |")
    print("|---|---|---|---|---|---|")
    for price in (0.2, 0.1, 0.05, 0.02, 0.01, 0.005):
        s = stopped_by(price, folder)
        figures = (s.best, s.best_of_as_many, s.weighted, s.weighted_of_as_many)
        print(f"| {price:g} | {s.drawn:.1f} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")
    print("\n| programs | best-of-n | with guard | agreement |\n|---|---|---|---|")
    for count in (4, 10, 20, 50, 100):
        found = program_accuracies(folder, count)
        print(f"| {count} | " + " | ".join(f"{value:.3f}" for value in found.values()) + " |")
    print("\n| pool | confidence → accuracy (cases) by bins |\n|---|---|")
    for title, name in SAMPLES.items():
        cells = (f"{c:.2f} → {r:.2f} ({n:,})" for c, r, n in reliability(folder, name))
        print(f"| {title} | {', '.join(cells)} |")


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / f"{name}.jsonl.gz") as file:
        for line in file:
            yield json.loads(line)


def _pool(samples: Sequence[dict[str, Any]]) -> Pool:
    numbers: dict[str, int] = {}
    answers = [sample["answer"] for sample in samples]
    return Pool(
        tuple(
            Candidate(
                str(i),
                sample.get("text") or "",
                None if sample["answer"] is None else Answer(sample["answer"], "expression"),
                step_scores=tuple(sample.get("prm_step_scores") or ()),
            )
            for i, sample in enumerate(samples)
        ),
        tuple(None if a is None else numbers.setdefault(a, len(numbers)) for a in answers),
        tuple(bool(sample["correct"]) for sample in samples),
    )


def _mean_where(row: Sequence[float], half: Sequence[bool], side: bool) -> float:
    return fmean(value for value, here in zip(row, half, strict=True) if here is side)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else POOLS)
