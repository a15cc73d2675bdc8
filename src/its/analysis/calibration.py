"""Whether a run's confidence can be believed, and what it would gain by keeping silent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from its.analysis.headline import Share, share
from its.analysis.outcomes import ProblemOutcome

MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose confidence lies in (low, high]: their mean confidence, and how many are
    right."""

    low: float
    high: float
    confidence: float
    share: Share


@dataclass(frozen=True, slots=True)
class Reliability:
    """`gap` is the expected calibration error: the mean distance of confidence and accuracy over
    the bins; `brier` the mean squared distance of confidence and outcome."""

    bins: tuple[Bin, ...]
    gap: float
    brier: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """If only answers of at least this confidence were given: their share of all graded problems,
    and how many of them are right."""

    confidence: float
    covered: float
    accuracy: float


def reliability(outcomes: Sequence[ProblemOutcome], bins: int = 10) -> Reliability | None:
    """Confidence against correctness of graded answers; None where there are none."""
    sure = _sure(outcomes)
    if not sure:
        return None
    members: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in sure:
        number = min(bins, max(1, math.ceil(confidence * bins - 1e-9))) - 1
        members.setdefault(number, []).append((confidence, right))
    filled = tuple(
        Bin(
            number / bins,
            (number + 1) / bins,
            math.fsum(confidence for confidence, _ in group) / len(group),
            share(sum(right for _, right in group), len(group)),
        )
        for number, group in sorted(members.items())
    )
    return Reliability(
        filled,
        math.fsum(abs(b.share.right - b.confidence * b.share.total) for b in filled) / len(sure),
        math.fsum((confidence - right) ** 2 for confidence, right in sure) / len(sure),
    )


def coverage(outcomes: Sequence[ProblemOutcome]) -> list[Coverage]:
    """Accuracy of the surest answers against how many problems they answer, the surest first."""
    graded = sum(outcome.graded for outcome in outcomes)
    points: list[Coverage] = []
    given = right = 0
    for confidence, group in groupby(
        sorted(_sure(outcomes), key=lambda pair: -pair[0]), key=lambda pair: pair[0]
    ):
        verdicts = [verdict for _, verdict in group]
        given, right = given + len(verdicts), right + sum(verdicts)
        points.append(Coverage(confidence, given / graded, right / given))
    step = max(1, math.ceil(len(points) / MOST_POINTS))
    return points[::-1][::step][::-1]  # thinned from the end, so that all answers stay a point


def _sure(outcomes: Sequence[ProblemOutcome]) -> list[tuple[float, bool]]:
    return [
        (outcome.confidence, outcome.correct)
        for outcome in outcomes
        if outcome.confidence is not None and outcome.correct is not None
    ]
