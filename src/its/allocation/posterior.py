"""What a few votes say of the answer that the model prefers: exact posterior probabilities.

Counts are votes; all priors are flat.
"""

from __future__ import annotations

import math
from functools import lru_cache


@lru_cache(maxsize=4096)
def leader_beats_runner_up(leader: int, runner_up: int) -> float:
    """Probability that the leader is the likelier of the top two: `1 - I_0.5(a + 1, b + 1)`.

    For whole a and b the regularised incomplete beta function is a binomial tail, so this is
    `P(X <= a)` with `X ~ Binomial(a + b + 1, 1/2)`, exact up to the last rounding.
    """
    trials = leader + runner_up + 1
    return sum(math.comb(trials, i) for i in range(leader + 1)) / (1 << trials)


def weighted_leader_beats_runner_up(leader: float, runner_up: float) -> float:
    """The same for fractions of votes: `1 - I_0.5(a + 1, b + 1)` for any a, b >= 0.

    By the integral of the beta density over [0, 1/2], with Simpson's rule (error below 1e-6).
    """
    a, b = leader + 1, runner_up + 1
    log_scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    steps = 512
    width = 0.5 / steps
    total = 0.0
    for i in range(1, steps + 1):
        x = i * width
        density = math.exp(log_scale + leader * math.log(x) + runner_up * math.log1p(-x))
        total += density * (1 if i == steps else 4 if i % 2 else 2)
    at_zero = math.exp(log_scale) if leader == 0 else 0.0
    return 1.0 - (total + at_zero) * width / 3


@lru_cache(maxsize=4096)
def leader_beats_all(leader: int, rivals: tuple[int, ...]) -> float:
    """Probability under a flat Dirichlet that the leader is the likeliest of all answers seen.

    The Dirichlet is a normalised set of Gamma(v + 1) variables, so this is
    `∫ gamma_pdf(x; a + 1) ∏ gamma_cdf(x; v + 1) dx`, by Simpson's rule (error below 1e-5).
    """
    steps = 512
    high = leader + 1 + 12 * math.sqrt(leader + 1) + 24
    width = high / steps
    total = 0.0
    for i in range(1, steps + 1):
        x = i * width
        value = _erlang_density(leader, x)
        for rival in rivals:
            value *= _erlang_below(rival, x)
        total += value * (1 if i == steps else 4 if i % 2 else 2)
    return min(1.0, total * width / 3)


@lru_cache(maxsize=4096)
def leader_is_overtaken(leader: int, runner_up: int, further: int) -> float:
    """Posterior predictive chance that the runner-up is strictly ahead after `further` samples.

    All of them are taken to fall on these two, which is the worst case. Exact: the runner-up's
    share of them is Beta-binomial(further, b + 1, a + 1).
    """
    needed = (leader - runner_up + further) // 2 + 1
    ways = sum(
        math.comb(runner_up + gained, gained)
        * math.comb(leader + further - gained, further - gained)
        for gained in range(needed, further + 1)
    )
    return ways / math.comb(leader + runner_up + further + 1, further)


def _erlang_density(votes: int, x: float) -> float:
    """Density of Gamma(votes + 1) at x > 0."""
    return math.exp(votes * math.log(x) - x - math.lgamma(votes + 1))


def _erlang_below(votes: int, x: float) -> float:
    """P(Gamma(votes + 1) < x): a Poisson(x) count exceeds `votes`."""
    term = tail = math.exp(-x)
    for i in range(1, votes + 1):
        term *= x / i
        tail += term
    return max(0.0, 1.0 - tail)
