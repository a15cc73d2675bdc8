"""Drawing next tokens for many sequences at once, each with its own seed and settings.

Random numbers are counted, not consumed: the number for a token is a hash of the sequence's key
and the token's place in the assistant's turn. So a text does not depend on what else is drawn,
and one that is cut and continued with its old seed goes on with the numbers it would have had.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import Floats

Tokens = NDArray[np.intp]

_GAMMA = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


def sequence_key(seed: int, index: int) -> int:
    """The 64-bit key of a call's completion number `index`."""
    return _mix((_mix(seed & _MASK) + (index + 1) * _GAMMA) & _MASK)


def uniforms(keys: NDArray[np.uint64], places: NDArray[np.uint64]) -> Floats:
    """(keys, places): a number in [0, 1) of 24 bits for each (SplitMix64)."""
    z = keys[:, None] + places * np.uint64(_GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    numbers: Floats = (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
    return numbers


def log_softmax(logits: Floats) -> Floats:
    """Natural-log probabilities along the last axis, at temperature 1."""
    shifted: Floats = logits - logits.max(-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(-1, keepdims=True))
    return shifted


@dataclass(frozen=True, slots=True)
class Settings:
    """Sampling settings, a row a sequence. `greedy` and `cut` are the rows that take the likeliest
    token, and those whose distribution is cut to a nucleus, or None where there are none."""

    inverse_temperature: Floats
    top_p: Floats
    greedy: Tokens | None
    cut: Tokens | None


def settings_of(temperature: Floats, top_p: Floats) -> Settings:
    """Settings from temperatures (0: greedy) and top-p values (1: no cut)."""
    greedy, cut = np.flatnonzero(temperature == 0), np.flatnonzero(top_p < 1)
    divisor: Floats = np.where(temperature == 0, np.float32(1), temperature)
    inverse: Floats = np.reciprocal(divisor)
    return Settings(
        inverse_temperature=inverse,
        top_p=top_p,
        greedy=greedy if len(greedy) else None,
        cut=cut if len(cut) else None,
    )


def choose(logits: Floats, settings: Settings, uniform: Floats) -> Tokens:
    """One token for each row of logits: by inverse CDF, or the likeliest where greedy."""
    likeliest: Tokens = logits.argmax(1)
    weights = logits - logits[np.arange(len(logits)), likeliest, None]
    weights *= settings.inverse_temperature[:, None]
    np.exp(weights, out=weights)
    if settings.cut is not None:
        cut = settings.cut
        weights[cut] = _nucleus(weights[cut], settings.top_p[cut, None])
    cumulative = np.add.accumulate(weights, axis=1, out=weights)
    chosen: Tokens = (cumulative > cumulative[:, -1:] * uniform[:, None]).argmax(1)
    if settings.greedy is not None:
        chosen[settings.greedy] = likeliest[settings.greedy]
    return chosen


def _nucleus(weights: Floats, top_p: Floats) -> Floats:
    """Weights of the fewest likeliest tokens whose share reaches top_p; zero for the others."""
    descending = -np.sort(-weights, axis=1)
    before = np.add.accumulate(descending, axis=1) - descending
    inside = before < top_p * descending.sum(1, keepdims=True)
    least = np.where(inside, descending, np.float32(np.inf)).min(1, keepdims=True)
    return np.where(weights >= least, weights, np.float32(0))


def _mix(z: int) -> int:
    """SplitMix64's finaliser."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)
