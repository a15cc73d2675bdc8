"""What a population of particles is steered towards: a log-potential for every prefix.

A search that weights a prefix x by exp(potential) aims at p(x)·exp(potential), p being the model's
own distribution; the increments from prefix to prefix follow from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

FLOOR = 0.01
"""Rewards are kept this far from 0 and 1, so the odds of one step stay within 1:99 and 99:1."""

FKPotential = Literal["difference", "max", "sum"]


def log_odds(scores: Sequence[float], temperature: float = 1.0) -> float:
    """log of o^(1/τ), o = r / (1 - r) the odds of the last reward; r_0 = 1/2 gives 0."""
    if not scores:
        return 0.0
    reward = min(max(scores[-1], FLOOR), 1 - FLOOR)
    return math.log(reward / (1 - reward)) / temperature


def log_fk(
    kind: FKPotential, scores: Sequence[float], strength: float, ended: bool, steps: int = 0
) -> float:
    """log ∏ G_s of Feynman-Kac steering (arXiv 2501.06848) with λ = `strength`, r_0 = 0.

    difference: G_t = exp(λ(r_t - r_{t-1})); max: exp(λ max_{s≤t} r_s); sum: exp(λ Σ_{s≤t} r_s). The
    last potential of max and sum makes the product exp(λ r_T), so all three aim at p·exp(λ r_T):
    `ended` says that no particle is open any more. Until then all are steered for the same number
    of `steps`, one that has finished by its last reward: else its product would have fewer factors
    than an open one's, and the open one would be favoured for being long.
    """
    if not scores:
        return 0.0
    if ended or kind == "difference":
        return strength * scores[-1]
    scores = [*scores, *[scores[-1]] * (steps - len(scores))]
    running = accumulate(scores, max) if kind == "max" else accumulate(scores)
    return strength * math.fsum(running)
