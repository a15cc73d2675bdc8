"""Unbiased estimates from recorded samples, and intervals for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """Chance that at least one of k samples is right: `1 - C(n - c, k) / C(n, k)`, unbiased.

    Raises ValueError where fewer than k samples were recorded.
    """
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} needs {k} samples, and there are {samples}")
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def majority(classes: Sequence[int | None]) -> int | None:
    """Position of the sample that represents the most frequent answer.

    A tie goes to the answer that occurred first; None where every sample abstains.
    """
    votes: dict[int, int] = {}
    for number in classes:
        if number is not None:
            votes[number] = votes.get(number, 0) + 1
    if not votes:
        return None
    # dicts keep the order of first occurrence, and max takes the first of equals
    return classes.index(max(votes, key=lambda number: votes[number]))


def maj_at_k(
    classes: Sequence[int | None],
    correct: Sequence[bool],
    k: int,
    subsets: int = 100,
    seed: int = 0,
) -> float:
    """Chance that a vote of k samples is right: the mean over random subsets without replacement.

    Raises ValueError where fewer than k samples were recorded.
    """
    if not 1 <= k <= len(classes):
        raise ValueError(f"maj@{k} needs {k} samples, and there are {len(classes)}")
    random = Random(seed)
    right = 0
    for _ in range(subsets):
        drawn = random.sample(range(len(classes)), k)
        winner = majority([classes[i] for i in drawn])
        right += winner is not None and correct[drawn[winner]]
    return right / subsets


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the mean, from resampling the values (one per problem).

    Problems are what varies between one data set and the next; resampling the samples of a
    problem would say nothing of that. Raises ValueError for no values.
    """
    if len(values) == 0:
        raise ValueError("no values to resample")
    import numpy as np

    given = np.asarray(values, dtype=float)
    random = np.random.default_rng(seed)
    means = given[random.integers(0, len(given), (resamples, len(given)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class CalibrationError:
    """The expected calibration error of confidences, counted one by one in ten bins.

    In each bin the mean confidence is held against the share of right answers; the differences are
    averaged by the number of cases.
    """

    def __init__(self, bins: int = 10) -> None:
        self._confidence = [0.0] * bins
        self._right = [0.0] * bins
        self.cases = 0

    def add(self, confidence: float, right: bool) -> None:
        place = min(int(confidence * len(self._right)), len(self._right) - 1)
        self._confidence[place] += confidence
        self._right[place] += right
        self.cases += 1

    @property
    def value(self) -> float | None:
        """From 0 to 1; None without any case."""
        if not self.cases:
            return None
        pairs = zip(self._confidence, self._right, strict=True)
        return math.fsum(abs(sure - right) for sure, right in pairs) / self.cases


def expected_calibration_error(
    confidences: Sequence[float], correct: Sequence[bool]
) -> float | None:
    """How far confidences are from the share of right answers, in ten bins."""
    error = CalibrationError()
    for confidence, right in zip(confidences, correct, strict=True):
        error.add(confidence, right)
    return error.value
