"""Intervals and exact tests for counts of right answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959963984540054
"""The 97.5 % point of the normal distribution: intervals hold 95 %."""

EXACT = 1000
"""Up to so many differing problems McNemar's test is counted in whole numbers."""


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson's score interval): sound for few problems and near 0 or 1.

    Raises ValueError for no problems.
    """
    if total <= 0 or not 0 <= right <= total:
        raise ValueError(f"no share of {right} in {total}")
    share, square = right / total, Z95 * Z95
    centre = (share + square / (2 * total)) / (1 + square / total)
    spread = math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    half = Z95 / (1 + square / total) * spread
    low = 0.0 if right == 0 else max(0.0, centre - half)
    high = 1.0 if right == total else min(1.0, centre + half)
    return low, high


def paired_interval(first_only: int, second_only: int, total: int) -> tuple[float, float]:
    """95 % interval of a difference of two shares measured on the same problems, second less first.

    `first_only` problems are right in the first alone, `second_only` in the second alone. One is
    added to both counts and two to the total (Bonett and Price 2012), which keeps the coverage
    near 95 % for small samples and rare differences. Raises ValueError for no problems.
    """
    if total <= 0 or min(first_only, second_only) < 0 or first_only + second_only > total:
        raise ValueError(f"no difference of {first_only} and {second_only} in {total}")
    first, second = (first_only + 1) / (total + 2), (second_only + 1) / (total + 2)
    difference = second - first
    half = Z95 * math.sqrt((first + second - difference * difference) / (total + 2))
    return max(-1.0, difference - half), min(1.0, difference + half)


def mcnemar_exact(first_only: int, second_only: int) -> float:
    """Two-sided p value of McNemar's exact test: had both the same accuracy, how often the two
    counts would lie at least as far apart."""
    total, fewer = first_only + second_only, min(first_only, second_only)
    if 2 * fewer == total:
        return 1.0
    if total <= EXACT:
        return sum(math.comb(total, k) for k in range(fewer + 1)) / (1 << (total - 1))
    whole = math.lgamma(total + 1) - (total - 1) * math.log(2)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(total - k + 1)) for k in range(fewer + 1)
    )


def holm(values: Sequence[float]) -> list[float]:
    """p values adjusted for their number (Holm 1979), in the order given."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted, most = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        most = max(most, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = most
    return adjusted
