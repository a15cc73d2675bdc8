"""Two runs compared: against known answers, and against a difference that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.analysis.comparison import adjusted, compare, pair_up
from its.analysis.intervals import holm, mcnemar_exact, paired_interval, wilson_interval
from its.analysis.outcomes import ProblemOutcome
from its.usage import Usage


def outcome(number: int, correct: bool | None, **fields: object) -> ProblemOutcome:
    answer = None if correct is None else str(number if correct else -1)
    made: dict[str, object] = {"answer": answer, "correct": correct, **fields}
    return ProblemOutcome(f"p{number}", number, "answered", **made)  # type: ignore[arg-type]


def test_a_comparison_of_a_few_problems_by_hand() -> None:
    first = [outcome(0, True), outcome(1, True), outcome(2, False), outcome(3, False)]
    second = [outcome(0, True), outcome(1, False), outcome(2, True), outcome(3, True)]
    result = compare(pair_up(first, second))
    assert result.first_only == ("p1",)
    assert result.second_only == ("p2", "p3")
    assert (result.both_right, result.both_wrong) == (1, 0)
    assert (result.first.accuracy, result.second.accuracy, result.difference) == (0.5, 0.75, 0.25)
    assert result.agreement == 0.25
    assert result.p_value == 1.0


def test_only_problems_that_both_hold_and_that_ask_the_same_are_paired() -> None:
    first = [outcome(0, True, question="a"), outcome(1, True, question="a"), outcome(2, True)]
    second = [outcome(1, False, question="b"), outcome(0, False, question="a"), outcome(9, True)]
    result = compare(pair_up(first, second))
    assert result.problems == 1
    assert result.first_only == ("p0",)
    assert result.unpaired == (1, 1)
    assert result.differing == 1


def test_what_is_not_graded_in_both_counts_for_cost_and_agreement_alone() -> None:
    used = Usage(calls=2, completions=3, prompt_tokens=5, completion_tokens=7)
    first = [outcome(0, None, answer="1", usage=used), outcome(1, True, usage=used)]
    second = [outcome(0, None, answer="1", usage=used), outcome(1, True)]
    result = compare(pair_up(first, second))
    assert (result.problems, result.graded, result.agreement) == (2, 1, 1.0)
    assert (result.first_cost.usage.completions, result.second_cost.usage.tokens) == (6, 12)


def test_nothing_in_common_is_no_difference() -> None:
    result = compare(pair_up([outcome(0, True)], [outcome(1, True)]))
    assert (result.difference, result.low, result.p_value, result.agreement) == (None,) * 4


def test_answers_that_are_spelled_differently_agree_where_they_are_the_same() -> None:
    first, second = [outcome(0, True, answer="1/2")], [outcome(0, True, answer="0.5")]
    paired = pair_up(first, second)
    assert compare(paired).agreement == 0.0
    assert compare(paired, {"p0": True}).agreement == 1.0


@pytest.mark.parametrize(
    ("first_only", "second_only", "expected"),
    [(0, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 0.021484375), (12, 3, 0.03515625)],
)
def test_mcnemar_by_hand(first_only: int, second_only: int, expected: float) -> None:
    assert mcnemar_exact(first_only, second_only) == expected
    assert mcnemar_exact(second_only, first_only) == expected


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_mcnemar_is_a_probability_and_knows_no_order(a: int, b: int) -> None:
    value = mcnemar_exact(a, b)
    assert 0 < value <= 1 or abs(a - b) > 1000
    assert value == mcnemar_exact(b, a)


def test_mcnemar_for_many_problems_goes_on_where_whole_numbers_end() -> None:
    whole = sum(math.comb(1200, k) for k in range(561)) / 2**1199
    assert mcnemar_exact(560, 640) == pytest.approx(whole, rel=1e-9)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_several_comparisons_are_adjusted_and_one_is_not() -> None:
    first = [outcome(i, False) for i in range(8)]
    second = [outcome(i, True) for i in range(8)]
    one = compare(pair_up(first, second))
    assert [c.p_adjusted for c in adjusted([one])] == [one.p_value]
    assert [c.p_adjusted for c in adjusted([one, one])] == [2 * (one.p_value or 0)] * 2


@given(st.integers(1, 200), st.data())
def test_intervals_hold_their_estimate(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    low, high = wilson_interval(right, total)
    assert 0 <= low <= right / total <= high <= 1
    a = data.draw(st.integers(0, total))
    b = data.draw(st.integers(0, total - a))
    low, high = paired_interval(a, b, total)
    assert -1 <= low <= high <= 1
    assert (low, high) == pytest.approx([-x for x in paired_interval(b, a, total)][::-1])


def test_wilson_by_hand() -> None:
    assert wilson_interval(37, 40) == pytest.approx((0.8014, 0.9742), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("difference", [0.0, 0.05])
def test_the_interval_covers_the_true_difference(difference: float) -> None:
    """500 pairs of synthetic runs of 400 problems whose accuracies differ by a known amount."""
    random = np.random.default_rng(7)
    covered = 0
    estimates = []
    for _ in range(500):
        hard = random.beta(2, 1, 400) * 0.9
        first = random.random(400) < hard
        second = random.random(400) < hard + difference
        runs = [[outcome(i, bool(r)) for i, r in enumerate(run)] for run in (first, second)]
        result = compare(pair_up(runs[0], runs[1]))
        assert result.low is not None
        assert result.high is not None
        assert result.difference is not None
        covered += result.low <= difference <= result.high
        estimates.append(result.difference)
    assert 0.93 <= covered / 500 <= 0.97
    assert np.mean(estimates) == pytest.approx(difference, abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(("difference", "least", "most"), [(0.0, 0.0, 0.06), (0.05, 0.3, 1.0)])
def test_the_test_rejects_rarely_what_is_equal_and_often_what_is_not(
    difference: float, least: float, most: float
) -> None:
    random = np.random.default_rng(11)
    rejected = 0
    for _ in range(300):
        hard = random.beta(2, 1, 800) * 0.9
        a, b = random.random(800) < hard, random.random(800) < hard + difference
        rejected += mcnemar_exact(int(np.sum(a & ~b)), int(np.sum(b & ~a))) < 0.05
    assert least <= rejected / 300 <= most
