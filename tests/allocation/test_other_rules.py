"""Cascades, short-m@k, confidence from log-probabilities, and what the last tenth bought."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.allocation.cascade import CascadeRule
from its.allocation.deepconf import (
    cut_at,
    cut_threshold,
    group_confidences,
    kept,
    token_confidence,
    trace_confidence,
)
from its.allocation.posterior import leader_beats_runner_up, weighted_leader_beats_runner_up
from its.allocation.returns import History, last_part
from its.allocation.short import short_m_at_k
from its.allocation.stopping import AdaptiveConsistency, ConfidenceConsistency


def test_a_problem_escalates_when_unsure_and_the_gain_is_worth_the_price() -> None:
    assert CascadeRule(threshold=0.8).escalates(0.5)
    assert not CascadeRule(threshold=0.8).escalates(0.8)
    assert CascadeRule(threshold=0.8).escalates(None)
    priced = CascadeRule(threshold=0.8, value=10)
    assert priced.escalates(0.5, larger_accuracy=0.7, price=1)
    assert not priced.escalates(0.5, larger_accuracy=0.55, price=1)


def test_short_m_at_k_keeps_the_first_to_end_and_charges_what_the_others_had_produced() -> None:
    chosen = short_m_at_k([50, 10, 30, 20], m=2)
    assert chosen.kept == (1, 3)
    assert chosen.tokens == 20 + 10 + 20 + 20
    assert chosen.sequential_tokens == 20
    assert short_m_at_k([5, 5, 5], m=2).kept == (0, 1)
    with pytest.raises(ValueError, match="from 1 to k"):
        short_m_at_k([5], m=2)


def test_token_confidence_is_the_negative_mean_and_higher_where_the_model_is_sure() -> None:
    assert token_confidence([-1.0, -3.0]) == 2.0
    sure = [math.log(0.97), *[math.log(0.01)] * 3]
    unsure = [math.log(0.25)] * 4
    assert token_confidence(sure) > token_confidence(unsure)
    with pytest.raises(ValueError, match="no log-prob"):
        token_confidence([])


def test_trace_confidence_measures() -> None:
    tokens = [4.0] * 10 + [1.0] * 5 + [4.0] * 5
    assert group_confidences([1.0, 2.0, 3.0], group=2) == [1.5, 2.5]
    assert trace_confidence(tokens, "mean") == pytest.approx(3.25)
    assert trace_confidence(tokens, "tail", group=5) == 4.0
    assert trace_confidence(tokens, "lowest", group=5) == 1.0
    assert trace_confidence(tokens, "bottom_tenth", group=5) == 1.0
    assert trace_confidence([2.0], "lowest") == 2.0


@given(st.lists(st.floats(0, 20), min_size=1, max_size=60), st.integers(1, 70))
def test_groups_are_the_means_of_all_windows(tokens: list[float], group: int) -> None:
    width = min(group, len(tokens))
    expected = [math.fsum(tokens[i : i + width]) / width for i in range(len(tokens) - width + 1)]
    assert group_confidences(tokens, group) == pytest.approx(expected, abs=1e-9)


def test_offline_keeps_the_surest_and_online_cuts_below_the_warm_up() -> None:
    assert kept([0.1, 0.9, 0.5, 0.7], share=0.5) == [1, 3]
    assert kept([0.3, 0.2], share=0.1) == [0]
    assert kept([], share=0.5) == []
    warm_up = [float(i) for i in range(1, 11)]
    assert cut_threshold(warm_up, share=0.9) == 2.0
    assert cut_threshold(warm_up, share=0.1) == 10.0
    assert cut_at([5.0, 5.0, 1.0, 1.0, 5.0], threshold=2.0, group=2) == 4
    assert cut_at([5.0] * 9, threshold=2.0, group=2) is None
    assert cut_at([0.0], threshold=2.0, group=2) is None


def test_fractions_of_votes_continue_the_whole_ones() -> None:
    for a, b in [(0, 0), (4, 0), (5, 1), (6, 1), (20, 11)]:
        exact = leader_beats_runner_up(a, b)
        assert weighted_leader_beats_runner_up(a, b) == pytest.approx(exact, abs=1e-6)


def test_doubtful_samples_need_more_company() -> None:
    rule = ConfidenceConsistency()
    assert rule.further_samples([0] * 4) == AdaptiveConsistency().further_samples([0] * 4) == 0
    assert rule.further_samples([0] * 4, confidences=[0.5] * 4) == 2
    assert rule.further_samples([0] * 4, confidences=[None] * 4) == 0
    assert rule.further_samples([0] * 8, confidences=[0.5] * 8) == 0


def test_the_last_tenth_is_reported_in_changed_answers_and_right_ones() -> None:
    improved = History((0, 1, 1), (False, True, True))
    steady = History((0, 0, 0, 0, 0, 0, 0), (True,) * 7)
    part = last_part([improved, steady], share=0.8)
    assert (part.samples, part.changed, part.gained) == (8, 1, 1)
    assert part.in_words() == (
        "Because of the last tenth of the samples (8), 1 problem has another answer, "
        "and 1 more is right."
    )
    ungraded = last_part([History((0, 0)), History((None, 1))], share=0.5)
    assert (ungraded.changed, ungraded.gained) == (1, None)
    assert last_part([]).samples == 0
