"""Choosing a policy on problems with references, and an honest word on what it gains.

The gain is two-fold cross-validated: every problem is scored by the policy that was chosen on the
other half, so that nothing is judged by what it was chosen on (the procedure of
arXiv:2408.03314, with the cost of finding out the difficulty charged).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from its.curves.policies import (
    LEVELS,
    RULES,
    Policy,
    Trial,
    difficulty_of,
    replay_policy,
    try_policy,
    vote_trial,
)
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import vote_is_correct
from its.estimators import CalibrationError, bootstrap_interval
from its.selection.calibration import Calibration, fit

PROBES = (2, 3, 4)
THRESHOLDS = (1, 2, 4, 6)
PRICES = tuple(0.2 / 1.5**i for i in range(24))


@dataclass(frozen=True, slots=True)
class Tuned:
    """The policy chosen on all problems, and what cross-validation says of choosing so.

    `held_out` scores each problem by the policy of the half it is not in; `vote` is plain
    self-consistency at the mean completions of `held_out`; `gain` is the difference of accuracy
    with its 95 % interval over problems. `folds` are the two halves' own choices. `calibration` is
    fitted to the policy's confidences on all problems; `error_before` and `error_after` are their
    expected calibration error without and with one fitted on the other half.
    """

    policy: Policy
    budget: float
    expected: Trial
    held_out: Trial
    vote: Trial
    gain: float
    low: float
    high: float
    folds: tuple[Policy, Policy]
    calibration: Calibration
    error_before: float
    error_after: float

    @property
    def beats_voting(self) -> bool:
        return self.low > 0


def tune(
    records: Sequence[SampleRecord], budget: float, *, orders: int = 10, seed: int = 0
) -> Tuned:
    """The policy of highest accuracy at a mean of at most `budget` completions per problem.

    Raises ValueError for fewer than four problems, or samples fewer than the budget.
    """
    if len(records) < 4:
        raise ValueError("tuning needs at least four problems, two in each half")
    if max(len(record) for record in records) < budget:
        raise ValueError("no problem has as many samples as the budget allows")
    drawn = shuffles(records, orders, seed)
    fixed = [(policy, try_policy(policy, drawn)) for policy in _candidates(records, budget)]
    places = Random(f"{seed}/folds").sample(range(len(records)), len(records))
    halves = (sorted(places[0::2]), sorted(places[1::2]))
    choices = [_choose(fixed, drawn, half, budget) for half in halves]
    trials = [try_policy(choice, drawn) for choice in choices]
    first = set(halves[0])
    of = [trials[1] if i in first else trials[0] for i in range(len(records))]
    held_out = Trial(
        tuple(trial.right[i] for i, trial in enumerate(of)),
        tuple(trial.spent[i] for i, trial in enumerate(of)),
    )
    vote = vote_trial(drawn, held_out.cost)
    gains = [mine - plain for mine, plain in zip(held_out.right, vote.right, strict=True)]
    policy = _choose(fixed, drawn, range(len(records)), budget)
    low, high = bootstrap_interval(gains)
    return Tuned(
        policy,
        budget,
        try_policy(policy, drawn),
        held_out,
        vote,
        math.fsum(gains) / len(gains),
        low,
        high,
        (choices[0], choices[1]),
        *_calibrated(policy, drawn, halves),
    )


Case = tuple[float, bool]


def _calibrated(
    policy: Policy, drawn: Sequence[Sequence[SampleRecord]], halves: Sequence[Sequence[int]]
) -> tuple[Calibration, float, float]:
    """The calibration of a policy's confidences, and their error without and with it, held out."""
    cases = [
        [
            (replay.confidence, replay.correct)
            for record in orders
            if (replay := replay_policy(policy, record)).confidence is not None
        ]
        for orders in zip(*drawn, strict=True)
    ]
    before, after = CalibrationError(), CalibrationError()
    for fitted_on, measured_on in (halves, halves[::-1]):
        calibration = _fitted([cases[i] for i in fitted_on])
        for confidence, right in (case for i in measured_on for case in cases[i]):
            before.add(confidence, right)
            after.add(calibration.of(confidence), right)
    return _fitted(cases), before.value or 0.0, after.value or 0.0


def _fitted(cases: Sequence[Sequence[Case]]) -> Calibration:
    """Every problem counts once, in however many orders its samples were drawn."""
    flat = [case for of_problem in cases for case in of_problem]
    most = max((len(of_problem) for of_problem in cases), default=1)
    return fit([sure for sure, _ in flat], [right for _, right in flat], 1 / max(1, most))


def _candidates(records: Sequence[SampleRecord], budget: float) -> Iterator[Policy]:
    """Plain votes, and one stage for problems from some difficulty on, ended by a rule."""
    most = max(len(record) for record in records)
    sizes = sorted({min(most, round(budget * factor)) for factor in (1, 1.5, 2, 3, 5)})
    for size in sizes:
        yield Policy(0, ((1, size),))
        for rule in RULES:
            yield Policy(0, ((1, size),), rule)
            for probe in PROBES:
                for level in THRESHOLDS:
                    if size > probe:
                        yield Policy(probe, ((level, size - probe),), rule)


def _choose(
    fixed: Sequence[tuple[Policy, Trial]],
    drawn: Sequence[Sequence[SampleRecord]],
    places: Sequence[int],
    budget: float,
) -> Policy:
    """The most accurate policy within the budget on these problems; of equals the cheaper."""
    here = [[records[i] for i in places] for records in drawn]
    tried = [(policy, trial.of(places)) for policy, trial in fixed]
    tried += [(policy, try_policy(policy, here)) for policy in _by_level(here, budget)]
    within = [(policy, trial) for policy, trial in tried if trial.cost <= budget + 1e-9]
    return max(within, key=lambda entry: (entry[1].accuracy, -entry[1].cost))[0]


def _by_level(drawn: Sequence[Sequence[SampleRecord]], budget: float) -> list[Policy]:
    """Policies that give every level of difficulty a number of samples of its own.

    For each price of a sample, the rising numbers that maximise right answers less their price.
    """
    policies: list[Policy] = []
    for probe in PROBES:
        if probe > budget:
            continue
        most = min(5 * budget, max(len(record) for record in drawn[0]) - probe)
        sizes = [n for n in (0, 1, 2, 4, 6, 8, 12, 16, 24, 32) if n <= most]
        right, count = _levels(drawn, probe, sizes)
        for price in PRICES:
            policy = _staged(probe, _rising(right, count, sizes, price))
            if policy not in policies:
                policies.append(policy)
    return policies


def _levels(
    drawn: Sequence[Sequence[SampleRecord]], probe: int, sizes: Sequence[int]
) -> tuple[list[list[float]], list[int]]:
    """Right answers by level and number of further samples, and problems by level, summed."""
    right = [[0.0] * len(sizes) for _ in LEVELS]
    count = [0] * len(LEVELS)
    for records in drawn:
        for record in records:
            level = difficulty_of(record, probe) - 1
            count[level] += 1
            for i, size in enumerate(sizes):
                right[level][i] += vote_is_correct(record, probe + size)
    return right, count


def _rising(
    right: Sequence[Sequence[float]], count: Sequence[int], sizes: Sequence[int], price: float
) -> list[int]:
    """The number of further samples for every level, never falling, by dynamic programming."""
    best: list[tuple[float, list[int]]] = [(0.0, [])] * len(sizes)
    for of_level, members in zip(right, count, strict=True):
        values = [value - price * members * n for value, n in zip(of_level, sizes, strict=True)]
        extended = []
        for i, value in enumerate(values):
            before, chosen = max(best[: i + 1], key=lambda entry: entry[0])
            extended.append((before + value, [*chosen, sizes[i]]))
        best = extended
    return max(best, key=lambda entry: entry[0])[1]


def _staged(probe: int, further: Sequence[int]) -> Policy:
    """Numbers by level as stages that add up."""
    steps = zip(LEVELS, further, (0, *further), strict=False)
    return Policy(probe, tuple((level, n - before) for level, n, before in steps if n > before))
