"""A small model before a large one, replayed on recorded samples of both: is it worth it?

The small model votes first; where its confidence is under a threshold, the large one votes
instead, and both are charged. The alternatives are each model alone, and a coin that sends some
problems to the one and some to the other: a cascade is worth it only where it beats these at the
same mean cost.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from random import Random
from typing import Any, Literal

from its.allocation.cascade import CascadeRule
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import vote_is_correct
from its.estimators import bootstrap_interval
from its.selection.ranking import share_confidence

SIZES = (1, 2, 3, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class CascadePlan:
    """Samples of each model (0: not asked at all), and the confidence under which a problem
    escalates."""

    small: int
    large: int
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class CascadePoint:
    """A plan's mean accuracy (with 95 % interval), cost a problem, and share that escalated."""

    strategy: Literal["small", "large", "cascade"]
    small: int
    large: int
    threshold: float
    accuracy: float
    low: float
    high: float
    cost: float
    went_up: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CascadeGain:
    """The cascade's gain over the best mixture of both models alone, at its own cost.

    The plan is chosen on one half of the problems and measured on the other, both ways; `plan`
    is the choice on all of them. Worth it where the 95 % interval lies above zero.
    """

    plan: CascadePlan
    gain: float
    low: float
    high: float

    @property
    def worth_it(self) -> bool:
        return self.low > 0


def cascade_curve(
    small: Sequence[SampleRecord],
    large: Sequence[SampleRecord],
    costs: tuple[float, float],
    *,
    orders: int = 20,
    seed: int = 0,
) -> tuple[list[CascadePoint], CascadeGain]:
    """Every plan's point, and the verdict. `costs` are those of one sample of each model.

    Both lists hold the same problems in the same order. Raises ValueError where they do not.
    """
    if [record.id for record in small] != [record.id for record in large]:
        raise ValueError("the two pools must hold the same problems in the same order")
    trials = _trials(small, large, costs, orders, seed)
    points = [_point(plan, trial) for plan, trial in trials.items()]
    return points, _verdict(trials, len(small), seed)


@dataclass(frozen=True, slots=True)
class _Trial:
    right: list[float]
    cost: list[float]
    up: list[float]


def _trials(
    small: Sequence[SampleRecord],
    large: Sequence[SampleRecord],
    costs: tuple[float, float],
    orders: int,
    seed: int,
) -> dict[CascadePlan, _Trial]:
    drawn = list(zip(shuffles(small, orders, seed), shuffles(large, orders, seed + 1), strict=True))
    most_small, most_large = min(map(len, small)), min(map(len, large))
    smalls = [n for n in SIZES if n <= most_small]
    larges = [n for n in SIZES if n <= most_large]
    plans = [CascadePlan(n, 0) for n in smalls] + [CascadePlan(0, n) for n in larges]
    plans += [
        CascadePlan(n, m, threshold) for n in smalls for threshold in _thresholds(n) for m in larges
    ]
    trials = {plan: _Trial(*([0.0] * len(small) for _ in range(3))) for plan in plans}
    for smaller, larger in drawn:
        for i, (few, many) in enumerate(zip(smaller, larger, strict=True)):
            by_small = {n: (vote_is_correct(few, n), _confidence(few, n)) for n in smalls}
            by_large = {n: vote_is_correct(many, n) for n in larges}
            for plan, trial in trials.items():
                right, sure = by_small.get(plan.small, (False, 0.0))
                up = plan.large > 0 and (
                    plan.small == 0 or CascadeRule(plan.threshold).escalates(sure)
                )
                trial.right[i] += (by_large[plan.large] if up else right) / orders
                trial.cost[i] += (plan.small * costs[0] + up * plan.large * costs[1]) / orders
                trial.up[i] += up / orders
    return trials


def _thresholds(samples: int) -> list[float]:
    """One between any two neighbouring confidences that a vote of so many samples can show."""
    levels = sorted({share_confidence(k / samples, samples) for k in range(1, samples + 1)})
    return [(a + b) / 2 for a, b in pairwise(levels)]


def _confidence(record: SampleRecord, n: int) -> float:
    votes = Counter(number for number in record.classes[:n] if number is not None)
    if not votes:
        return 0.0
    return share_confidence(max(votes.values()) / votes.total(), votes.total())


def _point(plan: CascadePlan, trial: _Trial) -> CascadePoint:
    kind: Literal["small", "large", "cascade"] = "cascade"
    if not plan.small or not plan.large:
        kind = "small" if plan.small else "large"
    return CascadePoint(
        kind,
        plan.small,
        plan.large,
        plan.threshold,
        _mean(trial.right),
        *bootstrap_interval(trial.right),
        _mean(trial.cost),
        _mean(trial.up),
    )


def _verdict(trials: dict[CascadePlan, _Trial], problems: int, seed: int) -> CascadeGain:
    places = Random(f"{seed}/folds").sample(range(problems), problems)
    halves = (places[0::2], places[1::2])
    gains: list[float] = []
    for chosen_on, scored_on in (halves, halves[::-1]):
        plan, mixture = _best(trials, chosen_on)
        alone = [(share, trials[single].right) for single, share in mixture]
        gains += [
            trials[plan].right[i] - math.fsum(share * right[i] for share, right in alone)
            for i in scored_on
        ]
    low, high = bootstrap_interval(gains)
    return CascadeGain(_best(trials, range(problems))[0], _mean(gains), low, high)


Mixture = list[tuple[CascadePlan, float]]


def _best(trials: dict[CascadePlan, _Trial], places: Sequence[int]) -> tuple[CascadePlan, Mixture]:
    """The cascade that gains most over the best mixture of single models at its cost."""

    def mean(values: Sequence[float]) -> float:
        return _mean([values[i] for i in places])

    singles = [
        (mean(trial.cost), mean(trial.right), plan)
        for plan, trial in trials.items()
        if not plan.small or not plan.large
    ]
    found = []
    for plan, trial in trials.items():
        if plan.small and plan.large:
            height, mixture = _mixture_at(singles, mean(trial.cost))
            found.append((mean(trial.right) - height, plan, mixture))
    _, plan, mixture = max(found, key=lambda entry: entry[0])
    return plan, mixture


def _mixture_at(
    singles: Sequence[tuple[float, float, CascadePlan]], cost: float
) -> tuple[float, Mixture]:
    """The most accurate mixture of at most two single plans at a mean cost of at most `cost`."""
    best: tuple[float, Mixture] = (-1.0, [])
    for near, right, plan in singles:
        if near <= cost:
            best = max(best, (right, [(plan, 1.0)]), key=lambda entry: entry[0])
        for far, better, other in singles:
            if near <= cost < far:
                share = (cost - near) / (far - near)
                height = (1 - share) * right + share * better
                mixture = [(plan, 1 - share), (other, share)]
                best = max(best, (height, mixture), key=lambda entry: entry[0])
    return best


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
