"""What a problem may spend, and how a stage divides it."""

from hypothesis import given
from hypothesis import strategies as st

from its.allocation.plan import planned_budget, split


def one_each(count: int) -> int:
    return count


def all_but_the_last(count: int) -> int:
    return max(0, count - 1)


def test_the_plan_is_ten_a_point_up_to_the_maximum() -> None:
    assert [planned_budget(d) for d in (1, 3, 10)] == [10, 30, 100]
    assert planned_budget(10, per_difficulty=10, maximum=60) == 60


def test_a_plan_of_ten_is_one_question_five_attempts_and_four_scores() -> None:
    plan = planned_budget(1)
    question = 1
    attempts = split(plan - question, all_but_the_last, one_each)
    scores = plan - question - attempts
    assert (question, attempts, scores) == (1, 5, 4)


def test_without_a_reward_everything_is_spent_on_generating() -> None:
    assert split(9, lambda _: 0, one_each) == 9


def test_a_first_stage_always_brings_an_answer_a_later_one_only_where_choosing_fits() -> None:
    assert split(1, one_each, one_each) == 1
    assert split(1, one_each, one_each, first=False) == 0
    assert split(0, one_each, one_each) == 0


def test_a_judge_of_whole_lists_costs_the_same_for_any_number() -> None:
    assert split(10, lambda candidates: 4 if candidates > 1 else 0, one_each) == 6


@given(
    free=st.integers(-2, 120),
    cost=st.integers(0, 9),
    calls=st.integers(1, 5),
    waiting=st.integers(0, 10),
    first=st.booleans(),
)
def test_a_split_never_exceeds_and_spends_all_that_is_useful(
    free: int, cost: int, calls: int, waiting: int, first: bool
) -> None:
    """`calls` completions make a candidate; scoring one costs `cost`."""

    def candidates_from(completions: int) -> int:
        return completions // calls

    def choosing(candidates: int) -> int:
        return cost * (waiting + candidates)

    def spent(generating: int) -> int:
        return generating + choosing(candidates_from(generating))

    generating = split(free, choosing, candidates_from, first)

    assert generating <= max(0, free)
    assert generating == 0 or spent(generating) <= free or (first and generating == 1)
    assert all(spent(more) > free for more in range(generating + 1, free + 1))
