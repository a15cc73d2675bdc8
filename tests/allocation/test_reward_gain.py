"""What another sample is expected to add to the best reward, against answers by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.allocation.reward_gain import expected_gain

REWARDS = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_the_gain_by_hand() -> None:
    # median .25; above it .3 and .5, mean excess .15, a standard error more: .15 (1 + 1/√2)
    mean = 0.15 * (1 + math.sqrt(0.5))
    gain = 0.5 * mean * math.exp(-0.25 / mean)
    assert (
        expected_gain([0.1, 0.2, 0.3, 0.5])
        == pytest.approx(gain)
        == pytest.approx(0.0482, abs=1e-4)
    )


def test_equal_rewards_promise_nothing_and_one_alone_promises_what_is_left() -> None:
    assert expected_gain([0.7, 0.7, 0.7]) == 0.0
    assert expected_gain([0.7]) == pytest.approx(0.3)


def test_it_is_the_true_gain_of_an_exponential_distribution() -> None:
    """Of mean s the gain over y is s exp(-y / s), so over the upper 1/2n quantile it is s / 2n."""
    mean, count = 0.05, 40_000
    rewards = [-mean * math.log(1 - (place + 0.5) / count) for place in range(count)]
    assert expected_gain(rewards) == pytest.approx(mean / (2 * count), rel=0.1)


@given(REWARDS)
@settings(deadline=None)
def test_it_is_never_negative_nor_more_than_can_still_be_gained(rewards: list[float]) -> None:
    assert 0 <= expected_gain(rewards) <= 1 - max(rewards)


@given(REWARDS)
@settings(deadline=None)
def test_the_order_of_rewards_does_not_matter(rewards: list[float]) -> None:
    assert expected_gain(rewards) == pytest.approx(expected_gain(sorted(rewards)))
