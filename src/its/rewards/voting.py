"""Voting over sampled scores of a reward model: pure functions, also for recorded judgements.

A sample is one judgement: a score for every response, in the responses' own order, None where
none could be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, Any, ClassVar

from annotated_types import Gt

JudgedScores = Sequence[float | None]


def totals(samples: Sequence[JudgedScores], responses: int) -> list[float | None]:
    """The sum of each response's scores over the samples (arXiv:2504.02495, equation 14).

    A score that could not be read counts as the mean of the response's others; None for a
    response without any.
    """
    result: list[float | None] = []
    for i in range(responses):
        read = [value for sample in samples if (value := sample[i]) is not None]
        result.append(math.fsum(read) / len(read) * len(samples) if read else None)
    return result


def leaders(values: Sequence[float | None]) -> list[int]:
    """Positions of the highest value, several where they tie; none where no value is known."""
    best = max((value for value in values if value is not None), default=None)
    if best is None:
        return []
    return [i for i, v in enumerate(values) if v is not None and math.isclose(v, best)]


def margin(values: Sequence[float | None]) -> float | None:
    """How far the highest value is above the next; None with fewer than two."""
    known = sorted((value for value in values if value is not None), reverse=True)
    return known[0] - known[1] if len(known) > 1 else None


def best_rated(
    samples: Sequence[JudgedScores], ratings: Sequence[float | None]
) -> list[JudgedScores]:
    """The better half of the samples by meta reward, max(1, k // 2) of them, in their order.

    A sample without a rating ranks last; among equals the earlier one is kept.
    """
    keep = max(1, len(samples) // 2)
    order = sorted(
        range(len(samples)),
        key=lambda j: (-math.inf if (rating := ratings[j]) is None else rating, -j),
        reverse=True,
    )
    return [samples[j] for j in sorted(order[:keep])]


@dataclass(frozen=True, slots=True)
class AdaptiveVoting:
    """Stops sampling when all the samples left could hardly change who leads.

    For the leader against each other response, the true difference of their mean scores has a
    normal prior (variance `difference`) and their differences in single samples a variance that
    is estimated from the samples seen and `spread`, which counts as `weight` samples. The gain
    is how much likelier the sign would be right after all the samples left than it is now;
    sampling ends when the gains, summed over the other responses, are at most `tolerance`.
    Variances are in squared points of a scale from 1 to 10. The shipped setting was chosen on
    recorded judgements of three judges: docs/rewards.md.
    """

    tolerance: Annotated[float, Gt(0)] = 0.02
    spread: Annotated[float, Gt(0)] = 1.2
    weight: Annotated[float, Gt(0)] = 8.0
    difference: Annotated[float, Gt(0)] = 5.0
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def decided(self, samples: Sequence[JudgedScores], responses: int, most: int) -> bool:
        """Whether to stop after these samples, of `most` that could be had."""
        left = most - len(samples)
        if left <= 0:
            return True
        values = totals(samples, responses)
        first = leaders(values)
        if not first:
            return False
        gains = (
            self._gain(samples, first[0], other, left)
            for other in range(responses)
            if other != first[0]
        )
        return math.fsum(gains) <= self.tolerance

    def _gain(self, samples: Sequence[JudgedScores], leader: int, other: int, left: int) -> float:
        """How much likelier the sign of a difference is right after `left` more samples."""
        pairs = [(sample[leader], sample[other]) for sample in samples]
        seen = [a - b for a, b in pairs if a is not None and b is not None]
        n, mean = len(seen), math.fsum(seen) / len(seen) if seen else 0.0
        squares = math.fsum((d - mean) ** 2 for d in seen)
        noise = (self.weight * self.spread + squares) / (self.weight + max(n - 1, 0))
        variance = 1 / (1 / self.difference + n / noise)
        centre = variance * n * mean / noise
        later = 1 / (1 / self.difference + (n + left) / noise)
        moved = math.sqrt(variance - later)
        now = _NORMAL.cdf(centre / math.sqrt(variance))
        after = math.fsum(
            _NORMAL.cdf(abs(centre + x * moved) / math.sqrt(later)) for x in _EQUALLY_LIKELY
        ) / len(_EQUALLY_LIKELY)
        return max(after - now, 0.0)


_NORMAL = NormalDist()
_EQUALLY_LIKELY = tuple(_NORMAL.inv_cdf((i + 0.5) / 16) for i in range(16))
"""Where the mean may move, in standard deviations: sixteen values of equal probability."""
