"""A cascade against each model alone, and the verdict on it."""

from itertools import pairwise

import pytest

from its.curves.cascade import CascadePlan, cascade_curve
from its.curves.records import SampleRecord
from its.curves.source import paired
from its.errors import InputError
from its.views.cascade import frontier, verdict_line


def problems(patterns: list[str]) -> list[SampleRecord]:
    """A problem for each pattern, of whose letters `r` is the right answer."""
    return [
        SampleRecord(
            f"p{i}",
            f"question {i}",
            tuple(ord(letter) for letter in pattern),
            tuple(letter == "r" for letter in pattern),
            (None,) * len(pattern),
            (None,) * len(pattern),
        )
        for i, pattern in enumerate(patterns)
    ]


SURE_WHERE_RIGHT = problems(["rrrr", "rrrr", "abcd", "bcde"] * 15)
ALWAYS_LOST = problems(["abcd", "bcde", "cdef", "defg"] * 15)
LARGE = problems(["rrrr"] * 60)


def test_a_small_model_that_knows_when_it_is_wrong_is_worth_asking_first() -> None:
    points, verdict = cascade_curve(SURE_WHERE_RIGHT, LARGE, (1, 20), orders=3)
    assert verdict.worth_it
    assert verdict_line(verdict).startswith("A cascade is worth it here")
    best = max((p for p in points if p.strategy == "cascade"), key=lambda p: p.accuracy - p.cost)
    assert best.accuracy == 1.0
    assert best.went_up == pytest.approx(0.5, abs=0.02)
    assert best.cost < 20


def test_a_small_model_that_is_always_wrong_is_not() -> None:
    _, verdict = cascade_curve(ALWAYS_LOST, LARGE, (1, 20), orders=3)
    assert not verdict.worth_it
    assert verdict_line(verdict).startswith("A cascade is not worth it here")


def test_costs_are_those_of_both_models() -> None:
    points, _ = cascade_curve(ALWAYS_LOST, LARGE, (1.5, 7), orders=2)
    costs = {CascadePlan(p.small, p.large, p.threshold): p.cost for p in points}
    assert costs[CascadePlan(2, 0)] == pytest.approx(3)
    assert costs[CascadePlan(0, 4)] == pytest.approx(28)
    up = next(p for p in points if (p.strategy, p.small, p.large) == ("cascade", 2, 1))
    assert up.cost == pytest.approx(3 + 7 * up.went_up)


def test_the_frontier_rises() -> None:
    points, _ = cascade_curve(SURE_WHERE_RIGHT, LARGE, (1, 20), orders=2)
    for sort in ("small", "large", "cascade"):
        kept = [point for point in frontier(points) if point.strategy == sort]
        assert kept
        assert all(a.accuracy < b.accuracy for a, b in pairwise(kept))


def test_only_common_problems_are_compared() -> None:
    small, large = paired(SURE_WHERE_RIGHT[:10], LARGE[5:])
    assert (
        [record.id for record in small]
        == [record.id for record in large]
        == [f"p{i}" for i in range(5, 10)]
    )
    with pytest.raises(InputError, match="no problem in common"):
        paired(small, LARGE[20:])
    with pytest.raises(ValueError, match="same problems"):
        cascade_curve(SURE_WHERE_RIGHT, LARGE[1:], (1, 2))
