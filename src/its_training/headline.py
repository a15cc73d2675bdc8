"""Small with more compute against large: `python -m its_training.headline`.

Rules and sample counts are chosen on development problems alone; the table is of held-out test
problems. FLOPs are of inference, everything charged: prompts, samples, checks. Pools are kept in
`--folder`, so a second run only computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from its_training.chart import Curve, Point, chart
from its_training.evaluate import interval, pool_for, pool_options
from its_training.pools import Entry, Weights
from its_training.scaling import Outcome
from its_training.ways import (
    FAMILIES,
    SEARCH,
    SEARCH_AND_SAMPLES,
    Measured,
    measured_way,
    replayed,
    searched,
)
from its_training.weights import read_card

THIRDS = {"all": (1, 10), "easy": (1, 3), "medium": (4, 7), "hard": (8, 10)}
ALL_FAMILIES = (*FAMILIES, SEARCH, SEARCH_AND_SAMPLES)
AFFORDABLE = 6.0
REGIMES = {"inference only": math.inf, "R = 22": 22.0, "R = 0.79": 0.79, "R = 0.16": 0.16}


def main() -> None:
    parser = pool_options(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where pools are kept")
    here = Path(__file__).parent
    parser.add_argument("--output", type=Path, default=here, help="for headline.svg")
    parser.add_argument("--dev-problems", type=int, default=1000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    pools = {
        split: pool_for(options, split, count, options.folder / f"{split}.json")
        for split, count in (("dev", options.dev_problems), ("test", options.problems))
    }
    measured = {
        split: [*replayed(entries), *searched(options, split, entries)]
        for split, entries in pools.items()
    }
    report(pools, measured, Weights.in_folder(options.weights), options.output)


def report(
    pools: dict[str, list[Entry]],
    measured: dict[str, list[Measured]],
    weights: Weights,
    output: Path,
) -> None:
    """Print every table, and write the chart."""
    large = {split: _large(entries) for split, entries in pools.items()}
    small = _greedy("small-solver", pools["test"])
    print(f"{len(pools['test'])} held-out problems; rules chosen on {len(pools['dev'])} others\n")
    print("| | accuracy | easy | medium | hard | FLOPs, in large greedy's |")
    print("|---|---|---|---|---|---|")
    for row in (small, large["test"]):
        _print_row(row.name, row, large["test"], pools["test"])
    for family in ALL_FAMILIES:
        for way in measured["test"]:
            if way.family == family and _shown(way.name):
                _print_row(way.name, way, large["test"], pools["test"])
    for criterion, able in (
        ("is not shown to be below large greedy", not_below),
        ("reaches large greedy's accuracy", level),
    ):
        print(f"\nThe cheapest way that {criterion} on development problems, on the test ones:")
        _print_duel("all", cheapest(measured["dev"], large["dev"], able), measured, large)
        for family in ALL_FAMILIES:
            ways = [w for w in measured["dev"] if w.family == family]
            _print_duel(family, cheapest(ways, large["dev"], able), measured, large)
    print(f"\nThe most accurate within {AFFORDABLE:g} times large greedy's FLOPs, likewise:")
    everything = np.ones(len(pools["dev"]), dtype=np.bool_)
    affordable = AFFORDABLE * float(large["dev"].flops.mean())
    for family in ("all", *ALL_FAMILIES):
        ways = [w for w in measured["dev"] if family in ("all", w.family)]
        if ways:
            chosen = best_within(ways, affordable, everything)
            _print_duel(family, chosen, measured, large)
            if family == "all":
                cheaper = cheapest_as_good(ways, chosen)
                _print_duel("the cheapest within a standard error of it", cheaper, measured, large)
    _print_regimes(pools, measured, large, weights)
    output.mkdir(parents=True, exist_ok=True)
    (output / "headline.svg").write_text(_drawn(measured["test"], large["test"], small))


def not_below(way: Measured, large: Measured) -> bool:
    """Whether the 95 % interval of the paired difference from large greedy reaches 0."""
    return interval(way.right - large.right)[1] >= 0


def level(way: Measured, large: Measured) -> bool:
    """Whether the accuracy is at least large greedy's."""
    return bool(way.right.mean() >= large.right.mean())


def cheapest(
    ways: Sequence[Measured], large: Measured, able: Callable[[Measured, Measured], bool]
) -> Measured | None:
    """The way of least FLOPs among those that are able, None if none is."""
    dearer = sorted(ways, key=lambda way: float(way.flops.mean()))
    return next((way for way in dearer if able(way, large)), None)


def best_within(ways: Sequence[Measured], budget: float, chosen: NDArray[np.bool_]) -> Measured:
    """The most accurate way whose mean FLOPs on the chosen problems stay within a budget; where
    several tie, the cheapest. With nothing within the budget, the cheapest of all."""
    able = [w for w in ways if w.flops[chosen].mean() <= budget]
    if not able:
        return min(ways, key=lambda w: float(w.flops[chosen].mean()))
    return max(able, key=lambda w: (float(w.right[chosen].mean()), -float(w.flops[chosen].mean())))


def cheapest_as_good(ways: Sequence[Measured], best: Measured) -> Measured:
    """The way of least FLOPs within one standard error of the best (Breiman et al. 1984), the
    error being that of the paired difference."""

    def as_good(way: Measured) -> bool:
        gaps = best.right - way.right
        return bool(gaps.mean() <= gaps.std() / math.sqrt(len(gaps)))

    return min(filter(as_good, ways), key=lambda way: float(way.flops.mean()))


def budget_factor(ratio: float, weights: Weights) -> float:
    """How many times large greedy's inference FLOPs the small models may spend, training counted.

    `ratio` is R = tokens of inference in life over tokens of training, of the large model:
    1 + 3 (1 - sum P_s D_s / (P_L D_L)) / R, after 2408.03314 with each model's own tokens.
    """
    if weights.large is None or math.isinf(ratio):
        return 1.0
    small = sum(_trained(path) for path in (weights.solver, weights.verifier) if path)
    return 1.0 + 3.0 * (1.0 - small / _trained(weights.large)) / ratio


def _trained(path: Path) -> float:
    """Parameters times training tokens."""
    card = read_card(path)
    return float(card["parameters"]) * float(card["training_tokens"])


def _greedy(model: str, entries: Sequence[Entry]) -> Measured:
    outcomes = [Outcome(e.right(e.greedy[model][0]), e.greedy[model][1]) for e in entries]
    return measured_way("greedy", f"{model} greedy", outcomes)


def _large(entries: Sequence[Entry]) -> Measured:
    return _greedy("large-solver", entries)


def _within(entries: Sequence[Entry], third: str) -> NDArray[np.bool_]:
    low, high = THIRDS[third]
    return np.array([low <= e.problem.difficulty <= high for e in entries])


def _shown(name: str) -> bool:
    """Whether a way is in the table, which would be too long with all of them."""
    few = name.startswith(("k=1,", "k=4,", "k=16,", "k=64,", "search"))
    return few and ("stop at" not in name or "stop at 0.95" in name)


def _print_row(name: str, way: Measured, large: Measured, entries: Sequence[Entry]) -> None:
    low, high = interval(way.right)
    thirds = " | ".join(
        f"{way.right[_within(entries, third)].mean():.3f}" for third in ("easy", "medium", "hard")
    )
    ratio = way.flops.mean() / large.flops.mean()
    print(f"| {name} | {way.right.mean():.4f} [{low:.4f}, {high:.4f}] | {thirds} | {ratio:.2f} |")


def _print_duel(
    among: str,
    chosen: Measured | None,
    measured: dict[str, list[Measured]],
    large: dict[str, Measured],
) -> None:
    """A way chosen on development problems against large greedy on the test ones."""
    if chosen is None:
        print(f"- {among}: none")
        return
    way = _same(chosen, measured["test"])
    gap = way.right - large["test"].right
    low, high = interval(gap)
    ratio = way.flops.mean() / large["test"].flops.mean()
    print(
        f"- {among}: {way.name}: {way.right.mean():.4f} against {large['test'].right.mean():.4f}, "
        f"difference {gap.mean():+.4f} [{low:+.4f}, {high:+.4f}], "
        f"at {ratio:.2f} times large greedy's FLOPs"
    )


def _same(way: Measured, among: Sequence[Measured]) -> Measured:
    """The same way of answering, measured on other problems."""
    return next(w for w in among if (w.family, w.name) == (way.family, way.name))


def _print_regimes(
    pools: dict[str, list[Entry]],
    measured: dict[str, list[Measured]],
    large: dict[str, Measured],
    weights: Weights,
) -> None:
    print("\nAt matched FLOPs, the best rule within the budget on development problems:\n")
    print("| regime | budget | problems | rule | small | large | difference | spent | better |")
    print("|---|---|---|---|---|---|---|---|---|")
    for regime, ratio in REGIMES.items():
        factor = budget_factor(ratio, weights)
        for third in THIRDS:
            dev, test = _within(pools["dev"], third), _within(pools["test"], third)
            budget = factor * large["dev"].flops[dev].mean()
            chosen = best_within(measured["dev"], budget, dev)
            way = _same(chosen, measured["test"])
            gap = (way.right - large["test"].right)[test]
            low, high = interval(gap)
            verdict = "small" if low > 0 else "large" if high < 0 else "neither shown"
            spent = way.flops[test].mean() / large["test"].flops[test].mean()
            print(
                f"| {regime} | {factor:.2f} | {third} | {way.name} "
                f"| {way.right[test].mean():.4f} | {large['test'].right[test].mean():.4f} "
                f"| {gap.mean():+.4f} [{low:+.4f}, {high:+.4f}] | {spent:.2f} | {verdict} |"
            )


def _drawn(ways: Sequence[Measured], large: Measured, small: Measured) -> str:
    unit = float(large.flops.mean())

    def point(way: Measured) -> Point:
        low, high = interval(way.right)
        return Point(float(way.flops.mean()) / unit, float(way.right.mean()), low, high)

    curves = []
    for family in ALL_FAMILIES:
        points = sorted((point(w) for w in ways if w.family == family), key=lambda p: p.x)
        if family.startswith(("adaptive", "search")):
            points = _frontier(points)
        if points:
            curves.append(Curve(family, tuple(points)))
    curves.append(Curve("small greedy", (point(small),), line=False))
    curves.append(Curve("large greedy", (point(large),), line=False))
    return chart(
        "The small model with more compute, and the large one",
        "inference FLOPs a problem, in large greedy's (everything charged)",
        "accuracy on held-out problems",
        curves,
        float(large.right.mean()),
    )


def _frontier(points: Sequence[Point]) -> list[Point]:
    """Those that are more accurate than every cheaper one."""
    kept: list[Point] = []
    for point in points:
        if not kept or point.y > kept[-1].y:
            kept.append(point)
    return kept


if __name__ == "__main__":
    main()
