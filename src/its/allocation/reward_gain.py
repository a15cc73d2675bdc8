"""What one more sample is expected to add to the best reward: Weitzman's rule for best-of-n.

Samples are boxes that cost the same to open (Weitzman, Econometrica 1979): opening one more pays
exactly while E[(v - best)⁺] is above its price. The distribution is not known beforehand, so its
upper tail is taken as exponential, and its mean a standard error above what was seen, which is how
arXiv 2510.01394 carries the rule over to samples of a language model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median


def expected_gain(rewards: Sequence[float]) -> float:
    """E[(v - best)⁺] for one more reward in [0, 1], after these (at least one).

    Above the median m the excess is exponential with mean s: the gain is ½ s exp(-(best - m) / s).
    s is the mean excess of the k rewards above m, times 1 + 1/√k. Where none is above it (all
    the best ones are equal), nothing is expected.
    """
    middle, best = median(rewards), max(rewards)
    excesses = [reward - middle for reward in rewards if reward > middle]
    if not excesses:
        return 0.0 if len(rewards) > 1 else 1.0 - best
    count = len(excesses)
    mean = math.fsum(excesses) / count * (1 + 1 / math.sqrt(count))
    return min(0.5 * mean * math.exp(-(best - middle) / mean), 1.0 - best)
