"""Weights of particles: normalising, effective sample size, systematic resampling."""

from __future__ import annotations

import math
from collections.abc import Sequence

DEAD = -math.inf
"""The log-weight of a particle that no longer counts."""


def normalised(log_weights: Sequence[float]) -> list[float]:
    """Weights that sum to 1, from natural logarithms; all 0 where every particle is dead."""
    highest = max(log_weights, default=DEAD)
    if highest == DEAD:
        return [0.0] * len(log_weights)
    weights = [math.exp(log_weight - highest) for log_weight in log_weights]
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]


def log_mean(log_weights: Sequence[float]) -> float:
    """The logarithm of the mean weight."""
    highest = max(log_weights, default=DEAD)
    if highest == DEAD:
        return DEAD
    total = math.fsum(math.exp(log_weight - highest) for log_weight in log_weights)
    return highest + math.log(total / len(log_weights))


def effective_sample_size(log_weights: Sequence[float]) -> float:
    """1 / Σ w² of the normalised weights: N where all are equal, 1 where one has it all."""
    squares = math.fsum(weight * weight for weight in normalised(log_weights))
    return 1 / squares if squares else 0.0


def systematic(weights: Sequence[float], u: float, count: int | None = None) -> list[int]:
    """Indexes drawn by systematic resampling, in ascending order.

    `weights` sum to 1, `u` is uniform in [0, 1): the points (u + i) / count, i = 0 .. count - 1, on
    the cumulated weights (Carpenter, Clifford and Fearnhead 1999). Index j is drawn ⌊count·w_j⌋ or
    ⌈count·w_j⌉ times, count·w_j in the mean. `count` is the number of weights unless given.
    """
    count = len(weights) if count is None else count
    last = max(index for index, weight in enumerate(weights) if weight > 0)
    drawn, index, reached = [], 0, weights[0]
    for i in range(count):
        point = (u + i) / count
        while point >= reached and index < last:
            index += 1
            reached += weights[index]
        drawn.append(index)
    return drawn
