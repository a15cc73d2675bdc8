"""Headline, calibration and returns, against small cases worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.allocation.returns import History
from its.analysis.calibration import coverage, reliability
from its.analysis.headline import by_group, headline
from its.analysis.outcomes import BaselineOutcome, ProblemOutcome, Status, outcome_of
from its.analysis.returns import MOST_POINTS, returns
from its.estimators import majority
from its.usage import Usage


def sure(number: int, confidence: float | None, correct: bool | None) -> ProblemOutcome:
    status: Status = "failed" if confidence is None else "answered"
    return ProblemOutcome(
        f"p{number}", number, status, confidence=confidence, correct=correct, difficulty=number % 2
    )


def test_a_row_is_read_whole() -> None:
    row = {
        "id": "a", "index": 3, "status": "answered", "answer": "7", "solution": "…",
        "confidence": 0.5, "strategy": "attempts", "correct": True, "difficulty": 2,
        "budget": {"planned": 10, "spent": 4}, "seconds": 1.5, "error": None,
        "usage": {"calls": 4, "completions": 4, "prompt_tokens": 9, "completion_tokens": None,
                  "usd": None},
        "baseline": {"answer": "8", "correct": False, "usage": {"calls": 1}},
        "question": "q", "reference": 7, "metadata": {"topic": "x"},
    }  # fmt: skip
    read = outcome_of(row)
    assert (read.planned, read.spent, read.usage.tokens) == (10, 4, None)
    assert read.baseline == BaselineOutcome("8", False, Usage(calls=1))
    assert (read.question, read.reference, read.metadata) == ("q", 7, {"topic": "x"})


def test_the_headline_counts_failures_as_wrong_and_greedy_beside() -> None:
    greedy = BaselineOutcome("1", True, Usage())
    outcomes = [
        ProblemOutcome("a", 0, "answered", correct=True, baseline=greedy),
        ProblemOutcome("b", 1, "failed", correct=False, baseline=greedy),
        ProblemOutcome("c", 2, "unanswered", correct=None),
    ]
    head = headline(outcomes)
    assert (head.answered, head.unanswered, head.failed) == (1, 1, 1)
    assert (head.scaled.right, head.scaled.total) == (1, 2)
    assert head.greedy is not None
    assert head.greedy.accuracy == 1.0


def test_without_a_reference_there_is_no_accuracy() -> None:
    head = headline([ProblemOutcome("a", 0, "answered")])
    assert (head.scaled.accuracy, head.greedy) == (None, None)


def test_groups_add_up() -> None:
    outcomes = [sure(i, 0.5, i % 3 == 0) for i in range(9)]
    groups = by_group(outcomes, lambda outcome: outcome.difficulty)
    assert {level: group.problems for level, group in groups.items()} == {0: 5, 1: 4}
    assert sum(group.share.right for group in groups.values()) == 3


def test_reliability_by_hand() -> None:
    outcomes = [sure(0, 0.55, True), sure(1, 0.6, False), sure(2, 1.0, True), sure(3, None, False)]
    result = reliability(outcomes)
    assert result is not None
    assert [(b.low, b.high, b.share.right, b.share.total) for b in result.bins] == [
        (0.5, 0.6, 1, 2),
        (0.9, 1.0, 1, 1),
    ]
    assert result.gap == pytest.approx(abs(1 - 1.15) / 3)
    assert result.brier == pytest.approx((0.45**2 + 0.6**2) / 3)


def test_coverage_counts_what_was_not_answered() -> None:
    outcomes = [sure(0, 0.9, True), sure(1, 0.9, False), sure(2, 0.5, True), sure(3, None, False)]
    assert [(c.confidence, c.covered, c.accuracy) for c in coverage(outcomes)] == [
        (0.9, 0.5, 0.5),
        (0.5, 0.75, 2 / 3),
    ]


def test_nothing_graded_has_no_calibration() -> None:
    assert reliability([sure(0, 0.5, None)]) is None
    assert coverage([sure(0, 0.5, None)]) == []


def test_returns_by_hand() -> None:
    points = returns([History((0, 1, 1), (False, True, True)), History((0,), (True,)), History(())])
    assert [(p.samples, p.drawn, p.settled, p.right) for p in points] == [
        (1, 1.0, 0.5, 0.5),
        (2, 1.5, 0.5, 0.5),
        (3, 2.0, 1.0, 1.0),
    ]


@given(st.lists(st.lists(st.sampled_from([None, 0, 1, 2]), min_size=1, max_size=90), min_size=1))
def test_returns_vote_as_a_vote_does(drawn: list[list[int | None]]) -> None:
    histories = [History(tuple(classes)) for classes in drawn]
    points = returns(histories)
    assert len(points) <= MOST_POINTS
    assert points[-1].settled == 1.0

    def winner(classes: tuple[int | None, ...], n: int) -> int | None:
        place = majority(classes[:n])
        return None if place is None else classes[place]

    for point in points:
        agreeing = sum(
            winner(h.classes, point.samples) == winner(h.classes, len(h.classes)) for h in histories
        )
        assert point.settled == agreeing / len(histories)
