"""What further samples of a problem are worth: the expected growth of its leading answer.

The answers of a problem are modelled as draws from a Dirichlet process with concentration alpha: a
problem on which the model is sure has a small alpha, a hopeless one a large one. Then the chance
that the next sample repeats an answer with v votes of n is `v / (n + alpha)`, that it is a new one
`alpha / (n + alpha)`, and everything below follows exactly. Which alphas are common is learned
from the batch itself (empirical Bayes), so that neighbours inform a problem with few samples.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHAS: Floats = np.array([0.02, 0.08, 0.2, 0.5, 1, 2, 4, 8, 16, 64, 256, 1024], dtype=float)
"""The concentrations considered, from sure to hopeless."""

HORIZONS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24])
"""How many further samples are looked ahead; one alone rarely changes a vote, several may."""


@lru_cache(maxsize=20_000)
def log_likelihood(votes: tuple[float, ...], abstained: int) -> Floats:
    """Log-probability of the votes under each alpha (Ewens' sampling formula), up to a constant.

    An abstention counts as an answer that no other sample shares.
    """
    samples = math.fsum(votes) + abstained
    classes = len(votes) + abstained
    return np.array(
        [classes * math.log(a) + math.lgamma(a) - math.lgamma(a + samples) for a in ALPHAS]
    )


def learned_posteriors(likelihoods: Floats, groups: NDArray[np.intp]) -> Floats:
    """Each problem's posterior over alphas, with the prior learned from all of them.

    `likelihoods` has a row of log-probabilities a problem; problems of one group (of like length,
    say) share a prior that leans on the whole batch's. Twenty steps of expectation-maximisation.
    """
    likelihoods = np.exp(likelihoods - likelihoods.max(axis=1, keepdims=True))
    prior = np.full((int(groups.max(initial=0)) + 1, len(ALPHAS)), 1 / len(ALPHAS))
    members = groups[:, None] == np.arange(len(prior))[None, :]
    for _ in range(20):
        posterior = _normalised(likelihoods * prior[groups])
        everyone = _normalised(posterior.sum(axis=0, keepdims=True) + 0.5)
        prior = _normalised(members.T @ posterior + _LEAN * everyone)
    return _normalised(likelihoods * prior[groups])


@lru_cache(maxsize=20_000)
def expected_gains(votes: tuple[float, ...], abstained: int, exponent: float) -> Floats:
    """Expected gain in `mass ** exponent` of the leading answer, by alpha and horizon.

    The mass of an answer is its posterior share of all samples to come. The gain sums over the
    rivals what each would add by overtaking the leader (an upper bound where several could).
    """
    samples = math.fsum(votes) + abstained
    leader, *rivals = votes or (0.0,)
    drift, overtaking = _duel(leader, 0.0, samples, exponent)
    gain = drift + overtaking
    for rival, count in Counter(rivals).items():
        gain = gain + count * _duel(leader, rival, samples, exponent)[1]
    return gain


_LEAN = 8.0  # how many problems' worth the whole batch weighs in a group's prior


def _normalised(rows: Floats) -> Floats:
    return np.asarray(rows / rows.sum(axis=-1, keepdims=True))


@lru_cache(maxsize=20_000)
def _duel(leader: float, rival: float, samples: float, exponent: float) -> tuple[Floats, Floats]:
    """A Pólya urn of leader, one rival and the rest, followed for the longest horizon.

    Returns the expected change of the leader's value, and what the rival's lead would add to it,
    each by alpha and horizon. A rival of 0 votes is an answer that has not been seen yet.
    """
    further = np.arange(int(HORIZONS[-1]) + 1)
    to_leader = (leader + further)[None, :, None]
    to_rival = np.where(rival + further > 0, rival + further, ALPHAS[:, None])[:, None, :]
    chance = np.zeros((len(ALPHAS), len(further), len(further)))
    chance[:, 0, 0] = 1.0
    now = (leader / (ALPHAS + samples)) ** exponent
    drift, overtaking = [], []
    for step in range(int(HORIZONS[-1])):
        total = (ALPHAS + samples + step)[:, None, None]
        leading, following = chance * to_leader / total, chance * to_rival / total
        chance = chance - leading - following
        chance[:, 1:, :] += leading[:, :-1, :]
        chance[:, :, 1:] += following[:, :, :-1]
        if step + 1 in HORIZONS:
            shares = (ALPHAS + samples + step + 1)[:, None]
            mine = ((leader + further) / shares) ** exponent
            theirs = ((rival + further) / shares) ** exponent
            ahead = np.maximum(0.0, theirs[:, None, :] - mine[:, :, None])
            drift.append((chance.sum(axis=2) * mine).sum(axis=1) - now)
            overtaking.append((chance * ahead).sum(axis=(1, 2)))
    return np.array(drift).T, np.array(overtaking).T
