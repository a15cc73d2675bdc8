"""Stopping rules, on the known answers of their papers and on the protocol they keep."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.allocation.posterior import leader_beats_all, leader_beats_runner_up, leader_is_overtaken
from its.allocation.stopping import (
    NEVER,
    AdaptiveConsistency,
    DiminishingReturns,
    DirichletConsistency,
    NoStop,
    StoppingRule,
    UnanimousWindow,
)

RULES: list[StoppingRule] = [
    AdaptiveConsistency(),
    DirichletConsistency(),
    UnanimousWindow(),
    DiminishingReturns(),
]
answer_lists = st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=12)


def votes(*counts: int) -> list[int]:
    """[5, 1] becomes five times answer 0 and once answer 1."""
    return [answer for answer, count in enumerate(counts) for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "probability"),
    [
        ((1, 0), 0.75),
        ((2, 0), 0.875),
        ((3, 0), 0.9375),
        ((4, 0), 0.96875),
        ((5, 1), 0.9375),
        ((6, 1), 247 / 256),
        ((7, 7), 0.5),
    ],
)
def test_beta_posterior_has_the_published_values(
    counts: tuple[int, int], probability: float
) -> None:
    assert leader_beats_runner_up(*counts) == probability


def test_adaptive_consistency_stops_at_four_unanimous_and_at_six_to_one() -> None:
    rule = AdaptiveConsistency(threshold=0.95)

    assert [rule.further_samples(votes(n)) for n in range(6)] == [4, 3, 2, 1, 0, 0]
    assert rule.further_samples(votes(5, 1)) == 1
    assert rule.further_samples(votes(6, 1)) == 0


def test_adaptive_consistency_counts_abstentions_as_samples_but_not_as_votes() -> None:
    rule = AdaptiveConsistency(threshold=0.95, maximum=40)

    assert rule.further_samples([None] * 38) == 2
    assert rule.further_samples([None] * 40) == 0
    assert rule.further_samples([None, *votes(3), None]) == 1


def test_dirichlet_is_the_beta_rule_for_two_answers_and_stricter_for_more() -> None:
    assert leader_beats_all(5, (1,)) == pytest.approx(leader_beats_runner_up(5, 1), abs=1e-5)
    assert leader_beats_all(0, (0, 0, 0)) == pytest.approx(1 / 4, abs=1e-5)
    assert leader_beats_all(6, (1, 1)) < leader_beats_runner_up(6, 1)
    assert DirichletConsistency().further_samples(votes(4)) == 0
    assert DirichletConsistency().further_samples(votes(6, 1, 1, 1)) > 0
    assert AdaptiveConsistency().further_samples(votes(6, 1, 1, 1)) == 0


def test_dirichlet_integral_agrees_with_the_closed_form_for_untouched_rivals() -> None:
    """With all rivals at Gamma(1), inclusion and exclusion gives the integral in closed form."""
    leader, rivals = 3, 2
    exact = sum((-1) ** k * math.comb(rivals, k) / (1 + k) ** (leader + 1) for k in (0, 1, 2))
    assert leader_beats_all(leader, (0,) * rivals) == pytest.approx(exact, abs=1e-5)


def test_a_window_stops_only_when_it_agrees_completely() -> None:
    rule = UnanimousWindow(window=5, maximum=40)

    assert rule.further_samples([]) == 5
    assert rule.further_samples(votes(5)) == 0
    assert rule.further_samples(votes(3)) == 2
    assert rule.further_samples([0, 0, 1]) == 2 + 5
    assert rule.further_samples([0, 0, 0, 0, None]) == 5
    assert rule.further_samples([0, 1, 1, 1, 1, 1]) == 4
    assert rule.further_samples([0, 1, 1, 1, 1, 1, 1, 1, 1]) == 1
    assert rule.further_samples([0, 1] * 19) == 2


def test_diminishing_returns_stop_when_nothing_can_change_any_more() -> None:
    assert leader_is_overtaken(3, 0, 3) == 0
    assert leader_is_overtaken(0, 0, 2) == pytest.approx(1 / 3)
    assert DiminishingReturns(tolerance=0, maximum=10).further_samples(votes(5, 0)) == 0
    assert DiminishingReturns(tolerance=0, maximum=10).further_samples(votes(4, 1)) == 1
    assert DiminishingReturns(tolerance=0.05, maximum=6).further_samples(votes(2)) == 0
    assert DiminishingReturns(tolerance=0.05, maximum=40).further_samples(votes(2)) == 1


def test_no_stop_never_stops() -> None:
    assert NoStop().further_samples(votes(100)) == NEVER


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@settings(deadline=None, max_examples=40)
@given(answers=answer_lists)
def test_further_samples_is_exactly_the_shortest_way_to_a_stop(
    rule: StoppingRule, answers: list[int | None]
) -> None:
    """No continuation stops sooner than promised, and agreeing with the leader stops just then."""
    further = rule.further_samples(answers)
    top = max(range(4), key=answers.count)

    assert all(not can_stop_within(rule, answers, more, top) for more in range(min(further, 3)))
    assert rule.further_samples([*answers, *agreeing(rule, answers, further, top)]) == 0


def can_stop_within(rule: StoppingRule, answers: Sequence[int | None], more: int, top: int) -> bool:
    """Whether any of all continuations by `more` samples stops (0 to 3, a new one, or None)."""
    if more == 0:
        return rule.further_samples(answers) == 0
    return any(
        can_stop_within(rule, [*answers, answer], more - 1, top) for answer in (0, 1, 2, 3, 9, None)
    )


def agreeing(
    rule: StoppingRule, answers: Sequence[int | None], more: int, top: int
) -> list[int | None]:
    """The best continuation: votes for the leader, or for whatever the open window holds."""
    if isinstance(rule, UnanimousWindow):
        window = answers[len(answers) - len(answers) % rule.window :]
        agreed = window and window[0] is not None and set(window) == {window[0]}
        first = rule.window - len(window)
        return [window[0]] * more if agreed and more == first else [top] * more
    return [top] * more


def test_diminishing_returns_look_at_what_may_still_be_drawn_here() -> None:
    """Two alike of three: one more cannot change the leader, thirty-seven more could."""
    rule = DiminishingReturns()
    assert rule.further_samples([0, 0], left=1) == 0
    assert rule.further_samples([0, 0], left=38) > 0
    assert rule.further_samples([0, 0]) == rule.further_samples([0, 0], left=38)


@given(answers=answer_lists, left=st.integers(1, 40), rule=st.sampled_from(RULES))
def test_no_rule_asks_for_more_than_is_left(
    answers: list[int | None], left: int, rule: StoppingRule
) -> None:
    assert 0 <= rule.further_samples(answers, left) <= left
