"""From a confidence to the chance to be right: two parameters, fitted where references exist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EDGE = 0.01
"""Confidences are kept this far from 0 and 1, where log-odds have no value."""

PRIOR = 4.0
"""How strongly a fit is drawn towards no change: as by so many cases near even odds."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The log-odds of a confidence, times `slope`, plus `offset`. By default nothing changes."""

    offset: float = 0.0
    slope: float = 1.0

    def of(self, confidence: float) -> float:
        """The calibrated confidence."""
        if (self.offset, self.slope) == (0.0, 1.0):
            return confidence
        return _sigmoid(self.offset + self.slope * _log_odds(confidence))


def fit(confidences: Sequence[float], correct: Sequence[bool], weight: float = 1.0) -> Calibration:
    """The calibration under which these outcomes are likeliest, shrunk towards none.

    Each case counts as `weight` (below 1 where several of them are of one problem). Both parameters
    have a normal prior around no change, so a few cases change little. Newton's method on a concave
    function; the slope stays above zero, so that a surer answer never becomes a less sure one.
    """
    odds = [_log_odds(confidence) for confidence in confidences]
    offset, slope = 0.0, 1.0
    for _ in range(50):
        residuals, spreads = [], []
        for x, right in zip(odds, correct, strict=True):
            p = _sigmoid(offset + slope * x)
            residuals.append(weight * (right - p))
            spreads.append(weight * p * (1 - p))
        g0 = math.fsum(residuals) - PRIOR * offset
        g1 = math.fsum(r * x for r, x in zip(residuals, odds, strict=True)) - PRIOR * (slope - 1)
        h00 = math.fsum(spreads) + PRIOR
        h01 = math.fsum(s * x for s, x in zip(spreads, odds, strict=True))
        h11 = math.fsum(s * x * x for s, x in zip(spreads, odds, strict=True)) + PRIOR
        determinant = h00 * h11 - h01 * h01
        step0 = (h11 * g0 - h01 * g1) / determinant
        step1 = (h00 * g1 - h01 * g0) / determinant
        offset, slope = offset + step0, max(_LEAST_SLOPE, slope + step1)
        if abs(step0) + abs(step1) < 1e-9:
            break
    return Calibration(offset, slope)


_LEAST_SLOPE = 0.05


def _log_odds(confidence: float) -> float:
    kept = min(max(confidence, EDGE), 1 - EDGE)
    return math.log(kept / (1 - kept))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else 1 - 1 / (1 + math.exp(x))
