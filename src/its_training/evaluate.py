"""Figures of the embedded models: `python -m its_training.evaluate`.

Draws a pool of held-out problems (or reads one that was drawn before, `--pool FILE`) and prints
accuracy by difficulty and family, what sampling more brings, how well the verifier tells right from
wrong, and how well difficulty is rated. Intervals are 95 %, by bootstrap over problems.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import WEIGHTS
from its_training.lessons import PLAIN
from its_training.pools import (
    Draws,
    Entry,
    Sample,
    Weights,
    draw_pool,
    load_pool,
    save_pool,
    with_checks,
    with_large,
    with_readings,
)
from its_training.problems import FAMILIES, LEVELS, held_out_problems
from its_training.scaling import Rule, answer, winner

Value = Callable[[Entry], float]
_VERIFIER = "certainty of the verifier"
_CRITIQUE = "score of the critique times its probability"
_READINGS: dict[str, Callable[[Sample], float]] = {
    "score of the critique, from text": lambda s: (s.check and s.check.score) or 0.0,
    "score of the critique, from logprobs": lambda s: (s.check and s.check.expected) or 0.0,
    _CRITIQUE: lambda s: (s.check and s.check.reward) or 0.0,
    "certainty of the solver": lambda s: s.certainty,
    _VERIFIER: lambda s: s.reading.certainty if s.reading else 0.0,
    "two certainties together": lambda s: s.certainty + (s.reading.certainty if s.reading else 0),
}


def main() -> None:
    options = pool_options(__doc__).parse_args()
    entries = pool_for(options, options.split, options.problems, options.pool)
    print_figures(entries)


def print_figures(entries: Sequence[Entry]) -> None:
    """Print every figure of a pool."""
    count = len(entries[0].samples)
    print(f"{len(entries)} held-out problems, {count} samples each")
    rows: list[tuple[str, Value]] = [
        (f"{model} greedy", _greedy_right(model)) for model in entries[0].greedy
    ]
    rows.append(("small-solver, mean of single samples", _mean_right))
    for k in (4, 8, 16, 32, 64):
        if k <= count:
            rows.append((f"majority of {k}", _rule_right(Rule(k))))
            rows.append((f"certainty-weighted vote of {k}", _rule_right(Rule(k, "certainty"))))
        if k <= count and entries[0].samples[k - 1].reading:
            rows.append((f"verifier-weighted vote of {k}", _rule_right(Rule(k, "reading"))))
            rows.append((f"weighted by verifier and certainty, {k}", _rule_right(Rule(k, "both"))))
            rows.append((f"best of {k} by verifier", _best(k, _READINGS[_VERIFIER])))
        if k <= count and entries[0].samples[k - 1].check:
            rows.append((f"critique-weighted vote of {k}", _rule_right(Rule(k, "critique"))))
            rows.append((f"best of {k} by critique", _best(k, _READINGS[_CRITIQUE])))
    rows += [(f"pass@{k}", _passes(k)) for k in (1, 4, 16, 64) if k <= count]
    for name, value in rows:
        values = np.array([value(e) for e in entries])
        low, high = interval(values)
        levels = " ".join(
            f"{values[[e.problem.difficulty == d for e in entries]].mean():.2f}" for d in LEVELS
        )
        print(f"{name:40s} {values.mean():.4f} [{low:.4f}, {high:.4f}]  by difficulty {levels}")
    for model in entries[0].greedy:
        right = _greedy_right(model)
        parts = [
            f"{family} {np.mean([right(e) for e in entries if e.problem.family == family]):.3f}"
            for family in FAMILIES
        ]
        print(f"{model} greedy by family: " + ", ".join(parts))
    _print_verifier(entries)
    rated = [(e.rating, e.problem.difficulty) for e in entries if e.rating is not None]
    if len(rated) > 1:
        pearson = float(np.corrcoef(np.array(rated, dtype=float).T)[0, 1])
        print(f"difficulty rating: correlation {pearson:.4f} on {len(rated)} rated")


def _print_verifier(entries: Sequence[Entry]) -> None:
    pairs = [(s, e.right(s.answer)) for e in entries for s in e.samples if s.check]
    if not pairs:
        return
    for name, reading in _READINGS.items():
        right = [reading(s) for s, ok in pairs if ok]
        wrong = [reading(s) for s, ok in pairs if not ok]
        counts = f"{len(right)} right, {len(wrong)} wrong"
        print(
            f"AUC of the {name}: {area(right, wrong):.4f} ({counts}), "
            f"within a problem {_area_within(entries, reading):.4f}"
        )
    passed = [s.check is not None and s.check.score == 1.0 for s, _ in pairs]
    for ok in (True, False):
        share = np.mean([p for p, (_, right) in zip(passed, pairs, strict=True) if right == ok])
        print(f"scored 9 of the {'right' if ok else 'wrong'} solutions: {share:.3f}")


def interval(values: NDArray[np.float64], draws: int = 2000) -> tuple[float, float]:
    """95 % bootstrap interval of a mean over problems."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def area(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Area under the ROC curve: the chance that a right one reads higher, ties half."""
    if not right or not wrong:
        return math.nan
    ordered = np.sort(np.array(wrong))
    values = np.array(right)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return float(below.mean() / 2 / len(ordered))


def pool_options(description: str | None) -> argparse.ArgumentParser:
    """Options that say how a pool is drawn."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the weight files")
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--checked", type=int, default=16, help="samples to criticise")
    parser.add_argument("--styles", nargs="+", default=[PLAIN])
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pool", type=Path, help="file to keep the pool in; read if it is there")
    return parser


def pool_for(options: argparse.Namespace, split: str, count: int, path: Path | None) -> list[Entry]:
    """The pool of a file, or a fresh one, kept in the file if one is named.

    What a model's missing weights left out of a kept pool is drawn when they are there.
    """
    draws = Draws(
        tuple(options.styles),
        options.samples,
        options.checked,
        options.temperature,
        options.seed,
        options.processes,
    )
    weights = Weights.in_folder(options.weights)
    about = {k: str(v) for k, v in vars(options).items()} | {"drawn": split}

    def kept(entries: list[Entry]) -> list[Entry]:
        if path:
            save_pool(path, entries, about)
        return entries

    if path and path.exists():
        entries = load_pool(path)[0]
    else:
        problems = held_out_problems(split, count, options.seed)
        entries = kept(draw_pool(problems, weights.solver, draws))
    if weights.large and "large-solver" not in entries[0].greedy:
        entries = kept(with_large(entries, weights.large, draws))
    if weights.verifier and draws.checked and entries[0].samples[0].check is None:
        entries = kept(with_checks(entries, weights.verifier, draws))
    if weights.verifier and entries[0].samples[0].reading is None:
        entries = kept(with_readings(entries, weights.verifier, draws))
    return entries


def _greedy_right(model: str) -> Value:
    return lambda entry: float(entry.right(entry.greedy[model][0]))


def _mean_right(entry: Entry) -> float:
    return sum(entry.right(s.answer) for s in entry.samples) / len(entry.samples)


def _rule_right(rule: Rule) -> Value:
    return lambda entry: float(answer(entry, rule).right)


def _area_within(entries: Sequence[Entry], reading: Callable[[Sample], float]) -> float:
    """The mean over problems that have right and wrong samples of the area within each."""
    areas = []
    for entry in entries:
        told = [(reading(s), entry.right(s.answer)) for s in entry.samples if s.check]
        right, wrong = [v for v, ok in told if ok], [v for v, ok in told if not ok]
        if right and wrong:
            areas.append(area(right, wrong))
    return math.fsum(areas) / len(areas) if areas else math.nan


def _best(k: int, reading: Callable[[Sample], float]) -> Value:
    def value(entry: Entry) -> float:
        answered = [s for s in entry.samples[:k] if s.answer is not None]
        best = max(answered, key=reading, default=None)
        return float(best is not None and entry.right(winner([best], lambda _: 1.0)))

    return value


def _passes(k: int) -> Value:
    """The unbiased estimate of one right among k samples."""

    def value(entry: Entry) -> float:
        n, right = len(entry.samples), sum(entry.right(s.answer) for s in entry.samples)
        return 1.0 - math.comb(n - right, k) / math.comb(n, k)

    return value


if __name__ == "__main__":
    main()
