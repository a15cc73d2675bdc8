"""The figures of a graded run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from its.analysis.metrics import accuracy_of, metrics_of, proportion_interval, value_of
from its.analysis.outcomes import ProblemOutcome, Status


def outcome(
    correct: bool | None,
    status: Status = "answered",
    confidence: float | None = None,
    **metadata: object,
) -> ProblemOutcome:
    return ProblemOutcome("p", 0, status, confidence=confidence, correct=correct, metadata=metadata)


def test_unanswered_and_failed_count_as_wrong_and_ungraded_not_at_all() -> None:
    found = accuracy_of(
        [outcome(True), outcome(False, "unanswered"), outcome(False, "failed"), outcome(None)]
    )
    assert (found.graded, found.correct) == (3, 1)
    assert found.accuracy == pytest.approx(1 / 3)
    assert accuracy_of([outcome(None)]).accuracy is None


def test_the_interval_is_that_of_resampling_problems() -> None:
    low, high = proportion_interval(50, 100)
    assert low == pytest.approx(0.5 - 1.96 * 0.05, abs=0.012)
    assert high == pytest.approx(0.5 + 1.96 * 0.05, abs=0.012)
    assert proportion_interval(7, 7) == (1, 1)
    assert proportion_interval(3, 9) == proportion_interval(3, 9)


def test_accuracy_by_a_field_of_the_metadata() -> None:
    found = metrics_of(
        [
            outcome(True, subject="algebra", about={"level": 1}),
            outcome(False, subject="algebra", about={"level": 2}),
            outcome(True),
        ],
        ["subject", "about.level"],
    )
    assert {name: a.accuracy for name, a in found.by["subject"].items()} == {
        "(none)": 1,
        "algebra": 0.5,
    }
    assert list(found.by["about.level"]) == ["(none)", "1", "2"]
    dotted = replace(outcome(True), metadata={"a.b": 3})
    assert value_of(dotted, "a.b") == "3"


def test_calibration_is_the_mean_distance_in_bins() -> None:
    sure = [outcome(True, confidence=0.8)] * 6 + [outcome(False, confidence=0.8)] * 4
    assert metrics_of(sure).calibration_error == pytest.approx(0.2)
    assert metrics_of([outcome(True)]).calibration_error is None
