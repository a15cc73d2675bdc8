"""Unbiased estimators: on known answers, and against plain enumeration."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.estimators import bootstrap_interval, maj_at_k, majority, pass_at_k


def test_pass_at_k_known_answers() -> None:
    assert pass_at_k(10, 0, 5) == 0
    assert pass_at_k(10, 10, 1) == 1
    assert pass_at_k(10, 3, 1) == pytest.approx(0.3)
    assert pass_at_k(4, 2, 3) == 1  # fewer wrong ones than samples drawn
    assert pass_at_k(10, 3, 2) != pytest.approx(1 - 0.7**2)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_pass_at_k_is_the_mean_over_all_subsets(correct: list[bool], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(correct)))
    subsets = list(combinations(correct, k))
    expected = sum(any(subset) for subset in subsets) / len(subsets)
    assert pass_at_k(len(correct), sum(correct), k) == pytest.approx(expected)


def test_asking_for_more_samples_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs 5"):
        pass_at_k(4, 1, 5)
    with pytest.raises(ValueError, match="needs 3"):
        maj_at_k([0, 1], [True, False], 3)


def test_majority_ignores_abstentions_and_takes_the_first_of_equals() -> None:
    assert majority([None, None, 3, None]) == 2
    assert majority([1, 0, 0, 1]) == 0
    assert majority([None, 1, 0, 0]) == 2
    assert majority([None]) is None
    assert majority([]) is None


@given(st.lists(st.one_of(st.none(), st.integers(0, 2)), min_size=1, max_size=6))
def test_maj_at_all_samples_is_the_vote_up_to_ties(classes: list[int | None]) -> None:
    right = [number == 0 for number in classes]
    votes = [classes.count(number) for number in (0, 1, 2)]
    estimate = maj_at_k(classes, right, len(classes), subsets=50)
    if votes[0] > max(votes[1:]):
        assert estimate == 1
    elif votes[0] < max(votes[1:]) or votes[0] == 0:
        assert estimate == 0
    else:
        assert 0 < estimate < 1 or len(classes) < 6


def test_the_interval_comes_from_resampling_problems() -> None:
    low, high = bootstrap_interval([0.0, 1.0] * 50)
    assert 0.38 < low < 0.42
    assert 0.58 < high < 0.62
    assert bootstrap_interval([0.5] * 10) == (0.5, 0.5)
    assert bootstrap_interval([0.0, 1.0], seed=1) == bootstrap_interval([0.0, 1.0], seed=1)
    with pytest.raises(ValueError, match="no values"):
        bootstrap_interval([])
