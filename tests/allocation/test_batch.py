"""One budget for a whole batch: who draws next, and that the total holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.allocation.batch import BatchPolicy, DrawState, window_budget

UNTOUCHED = DrawState()
SETTLED = DrawState(votes=(6.0,))
CONTESTED = DrawState(votes=(3.0, 3.0))
HOPELESS = DrawState(votes=(1.0,) * 12, abstained=6)
SCATTERED = DrawState(votes=(1.0, 1.0))

standings = st.lists(
    st.builds(
        DrawState,
        votes=st.lists(st.integers(1, 9).map(float), max_size=4).map(tuple),
        abstained=st.integers(0, 3),
        effort=st.one_of(st.none(), st.floats(1, 3000)),
        left=st.integers(0, 5),
        cost=st.floats(0.5, 2),
        closed=st.booleans(),
    ),
    max_size=12,
)


def test_every_problem_draws_once_before_any_draws_twice() -> None:
    assert BatchPolicy().grants([UNTOUCHED, CONTESTED, UNTOUCHED], budget=10) == [1, 0, 1]
    assert BatchPolicy().grants([UNTOUCHED] * 3, budget=2) == [1, 1, 0]


def test_the_contested_problem_gains_more_than_the_settled_and_the_hopeless() -> None:
    batch = [SETTLED] * 5 + [CONTESTED] + [HOPELESS] * 5
    gains = BatchPolicy().gains(batch)
    assert gains[5] == max(gains)
    assert BatchPolicy(share=0.05).grants(batch, budget=1) == [0] * 5 + [1] + [0] * 5


def test_settled_and_hopeless_problems_stop_drawing() -> None:
    assert BatchPolicy().grants([SETTLED] * 8 + [HOPELESS] * 8, budget=1000) == [0] * 16


def test_a_closed_problem_and_one_without_samples_left_never_draw() -> None:
    closed, empty = DrawState(closed=True), DrawState(votes=(1.0, 1.0), left=0)
    assert BatchPolicy().grants([closed, empty], budget=10) == [0, 0]


def test_the_batch_teaches_the_prior() -> None:
    """Two answers that disagree promise more among problems that agree than among hopeless ones."""
    among_easy = BatchPolicy().gains([SCATTERED] + [SETTLED] * 20)[0]
    among_hard = BatchPolicy().gains([SCATTERED] + [HOPELESS] * 20)[0]
    assert among_easy > 2 * among_hard


def test_problems_of_like_length_teach_each_other_most() -> None:
    """A problem with long answers is taken to be like those with long answers."""
    easy = [DrawState(votes=(5.0,), effort=100.0 + i) for i in range(20)]
    hard = [DrawState(votes=(1.0,) * 6, effort=1000.0 + i) for i in range(20)]
    short = DrawState(votes=(1.0, 1.0), effort=90.0)
    long = DrawState(votes=(1.0, 1.0), effort=2000.0)
    gains = BatchPolicy().gains([short, long, *easy, *hard])
    assert gains[0] > gains[1]


def test_costly_samples_must_promise_more() -> None:
    cheap, dear = (DrawState(votes=(2.0, 2.0), cost=cost) for cost in (1.0, 3.0))
    assert BatchPolicy(share=0.5, least=1).grants([dear, cheap], budget=10) == [0, 1]


def test_samples_may_be_free() -> None:
    free = [DrawState(votes=(1.0, 1.0), cost=0.0)] * 3
    assert sum(BatchPolicy(share=1.0).grants(free, budget=0)) == 3


def test_rewards_weigh_votes() -> None:
    """Scores that favour one of two answers settle what counts alone would not."""
    fair, weighed = BatchPolicy().gains([DrawState(votes=(2.0, 2.0)), DrawState(votes=(3.4, 0.6))])
    assert weighed < fair


@settings(deadline=None, max_examples=30)
@given(standings=standings, budget=st.floats(0, 12))
def test_no_round_exceeds_the_budget_or_grants_what_may_not_draw(
    standings: list[DrawState], budget: float
) -> None:
    grants = BatchPolicy().grants(standings, budget)
    spent = sum(grant * s.cost for grant, s in zip(grants, standings, strict=True))
    assert spent <= budget + 1e-9
    for grant, standing in zip(grants, standings, strict=True):
        assert grant == 0 or (grant <= standing.left and not standing.closed)


@settings(deadline=None, max_examples=10)
@given(standings=standings)
def test_a_round_depends_on_the_standings_alone(standings: list[DrawState]) -> None:
    policy = BatchPolicy()
    assert policy.grants(standings, 10) == policy.grants(list(standings), 10)


def test_a_bound_above_the_expected_cost_keeps_the_cap_hard() -> None:
    risky = DrawState(cost=1.0, bound=5.0)
    assert BatchPolicy().grants([risky] * 3, budget=11) == [1, 1, 0]


def test_a_window_leaves_for_the_unseen_what_is_theirs() -> None:
    assert window_budget(400, here=25, unseen=75) == 100
    assert window_budget(400, here=25, unseen=0) == 400
    assert window_budget(400, here=25, unseen=None) == 200
    assert window_budget(400, here=0, unseen=0) == 0


def test_equal_problems_are_served_by_their_hash_and_not_by_their_place() -> None:
    policy = BatchPolicy(share=0.5)
    batch = [DrawState(tie=tie) for tie in (3, 0, 2, 1)]
    assert policy.grants(batch, budget=2) == [0, 1, 0, 1]
    batch = [DrawState(votes=(1.0, 1.0), tie=tie) for tie in (3, 0, 2, 1)]
    assert policy.grants(batch, budget=100) == [1, 1, 1, 1]
    assert BatchPolicy(share=0.5, least=1).grants(batch, budget=100) == [0, 1, 0, 1]


@given(order=st.permutations(range(8)))
def test_the_order_of_the_input_changes_nothing(order: list[int]) -> None:
    states = [
        DrawState(votes=(1.0,) * (1 + i % 2), effort=10.0 * (i % 3), tie=100 - i) for i in range(8)
    ]
    straight = BatchPolicy().grants(states, 3)
    shuffled = BatchPolicy().grants([states[i] for i in order], 3)
    assert shuffled == [straight[i] for i in order]


@pytest.mark.parametrize(
    ("problems", "budget", "drawn"),
    [
        (200, 1000, 20),
        (200, 30, 15),
        (200, 3, 1),
        (200, 1, 1),
        (12, 1000, 4),
        (12, 5, 2),
        (3, 99, 3),
    ],
)
def test_a_round_is_a_share_of_the_batch_and_at_most_half_of_what_is_left(
    problems: int, budget: int, drawn: int
) -> None:
    batch = [CONTESTED] * problems
    assert sum(BatchPolicy().grants(batch, budget)) == drawn
