"""From the scores of a solution's steps to one score of the solution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

StepAggregation = Literal["last", "min", "prod", "mean", "last_min"]


def aggregate(step_scores: Sequence[float], how: StepAggregation) -> float | None:
    """One value in [0, 1] from step scores in [0, 1]; None where there are none.

    `last`, `min`, `prod` and `mean` are the field's usual ones; `last_min` is the product of the
    last and the least: the last step has seen the whole solution, the least is its weakest link.
    """
    if not step_scores:
        return None
    match how:
        case "last":
            return step_scores[-1]
        case "min":
            return min(step_scores)
        case "prod":
            return math.prod(step_scores)
        case "mean":
            return math.fsum(step_scores) / len(step_scores)
        case "last_min":
            return step_scores[-1] * min(step_scores)
