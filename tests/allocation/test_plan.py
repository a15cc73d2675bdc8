"""What a problem may spend, and how a stage divides it."""

from hypothesis import given
from hypothesis import strategies as st

from its.allocation.plan import planned_budget, split


def one_each(count: int) -> int:
    return count


def test_the_plan_is_ten_a_point_up_to_the_maximum():
    assert [planned_budget(d) for d in (1, 3, 10)] == [10, 30, 100]
    assert planned_budget(10, per_difficulty=10, maximum=60) == 60


def test_a_plan_of_ten_is_one_question_five_attempts_and_four_scores():
    plan = planned_budget(1)
    question = 1
    attempts = split(plan - question, one_each, one_each)
    scores = plan - question - attempts
    assert (question, attempts, scores) == (1, 5, 4)


def test_without_a_reward_everything_is_spent_on_generating():
    assert split(9, lambda _: 0, one_each) == 9


def test_a_lone_candidate_needs_no_score():
    assert split(1, one_each, one_each) == 1
    assert split(2, lambda candidates: 8 * candidates, one_each) == 1


def test_a_listwise_judge_costs_the_same_for_any_number():
    assert split(10, lambda candidates: 4 if candidates else 0, one_each) == 6


def test_candidates_of_earlier_stages_are_paid_for_first():
    assert split(10, one_each, one_each, waiting=5) == 3
    assert split(3, one_each, one_each, waiting=5) == 0


@given(
    free=st.integers(-2, 120),
    cost=st.integers(0, 9),
    calls=st.integers(1, 5),
    waiting=st.integers(0, 10),
)
def test_a_split_never_exceeds_and_spends_all_that_is_useful(free, cost, calls, waiting):
    """`calls` completions make a candidate; scoring one costs `cost`."""

    def candidates_from(completions: int) -> int:
        return completions // calls

    def scoring(candidates: int) -> int:
        return cost * candidates

    def spent(generating: int) -> int:
        return generating + scoring(max(0, waiting + candidates_from(generating) - 1))

    generating = split(free, scoring, candidates_from, waiting)

    assert generating == 0 or spent(generating) <= free
    assert all(spent(more) > free for more in range(generating + 1, free + 1))
