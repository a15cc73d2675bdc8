"""Calibration of confidences: recovered where it exists, weak where there are few cases."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.estimators import expected_calibration_error
from its.selection.calibration import Calibration, fit


def outcomes(
    count: int, offset: float, slope: float, seed: int = 0
) -> tuple[list[float], list[bool]]:
    """Confidences, and answers that are right as often as a known calibration says."""
    random, truth = Random(seed), Calibration(offset, slope)
    confidences = [random.uniform(0.05, 0.95) for _ in range(count)]
    return confidences, [random.random() < truth.of(confidence) for confidence in confidences]


@pytest.mark.parametrize(("offset", "slope"), [(0.0, 1.0), (-1.0, 1.0), (0.8, 0.5), (0.0, 2.0)])
def test_a_known_calibration_is_found_again(offset: float, slope: float) -> None:
    found = fit(*outcomes(20_000, offset, slope))
    assert found.offset == pytest.approx(offset, abs=0.1)
    assert found.slope == pytest.approx(slope, abs=0.1)


def test_the_error_falls_on_cases_that_nothing_was_fitted_on() -> None:
    calibration = fit(*outcomes(2_000, -1.0, 1.3, seed=1))
    confidences, right = outcomes(2_000, -1.0, 1.3, seed=2)
    before = expected_calibration_error(confidences, right)
    after = expected_calibration_error([calibration.of(c) for c in confidences], right)
    assert before is not None
    assert after is not None
    assert before > 0.12
    assert after < 0.04


def test_a_few_cases_change_little_and_none_nothing() -> None:
    assert fit([], []) == Calibration()
    few = fit([0.5, 0.5, 0.5], [True, True, True])
    assert 0.5 < few.of(0.5) < 0.62
    assert Calibration().of(0.9375) == 0.9375


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=30),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_surer_answer_stays_the_surer_one(
    cases: list[tuple[float, bool]], first: float, second: float
) -> None:
    calibration = fit([sure for sure, _ in cases], [right for _, right in cases])
    low, high = sorted((first, second))
    assert 0 <= calibration.of(low) <= calibration.of(high) <= 1
    assert math.isfinite(calibration.offset)


def test_the_error_is_the_mean_distance_between_confidence_and_accuracy() -> None:
    assert expected_calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert expected_calibration_error([0.9, 0.1], [False, True]) == pytest.approx(0.9)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0
    assert expected_calibration_error([], []) is None
