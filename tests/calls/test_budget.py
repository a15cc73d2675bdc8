"""A budget is a hard cap, and what it admits depends on order and cost, never on speed."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.calls.budget import Amount, Budget, Cap
from its.errors import BudgetExhausted

CALLS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(0, 5)), min_size=1, max_size=25
)


async def spend(cap: int, calls: list[tuple[int, int, int]], hurry: int) -> tuple[list[bool], int]:
    """Ask for all calls at once, (bound, share of it really used, delay) each; which were
    admitted, and the most that was ever spent and reserved."""
    budget = Budget(Cap(tokens=cap))
    most = 0

    async def call(bound: int, used: int, delay: int) -> bool:
        nonlocal most
        try:
            await budget.reserve(Amount(1, bound))
        except BudgetExhausted:
            return False
        for _ in range(delay * hurry % 7):
            await asyncio.sleep(0)
        budget.settle(Amount(1, bound), Amount(1, min(bound, used)))
        most = max(most, budget.spent.tokens)
        return True

    return list(await asyncio.gather(*(call(*one) for one in calls))), most


@given(cap=st.integers(1, 200), calls=CALLS)
def test_the_cap_holds_whatever_calls_cost(cap: int, calls: list[tuple[int, int, int]]) -> None:
    _, most = asyncio.run(spend(cap, calls, 1))
    assert most <= cap


@given(cap=st.integers(1, 200), calls=CALLS)
def test_admission_depends_on_order_and_cost_alone(
    cap: int, calls: list[tuple[int, int, int]]
) -> None:
    admitted, _ = asyncio.run(spend(cap, calls, 0))
    for hurry in (1, 3, 5):
        assert asyncio.run(spend(cap, calls, hurry))[0] == admitted


@given(cap=st.integers(1, 200), calls=CALLS)
def test_a_call_is_admitted_exactly_when_its_bound_fits_beside_what_came_before(
    cap: int, calls: list[tuple[int, int, int]]
) -> None:
    spent, expected = 0, []
    for bound, used, _ in calls:
        fits = spent + bound <= cap
        expected.append(fits)
        spent += min(bound, used) if fits else 0
    assert asyncio.run(spend(cap, calls, 1))[0] == expected


async def test_a_stage_is_bound_by_its_own_cap_and_by_its_problems() -> None:
    problem = Budget(Cap(completions=5))
    first, second = Budget(Cap(completions=3), problem), Budget(Cap(completions=3), problem)
    for _ in range(3):
        await first.reserve(Amount(1))
    assert second.remaining_completions == 2
    first.settle(Amount(1), Amount(1))
    for _ in range(2):
        await second.reserve(Amount(1))
    waiting = asyncio.ensure_future(second.reserve(Amount(1)))
    await asyncio.sleep(0)
    assert not waiting.done(), "earlier calls may still turn out cheaper"
    first.settle(Amount(1), Amount(0))
    await waiting
    assert problem.spent == Amount(1)


async def test_a_cancelled_wait_gives_its_place_to_the_next() -> None:
    budget = Budget(Cap(tokens=10))
    await budget.reserve(Amount(1, 8))
    large = asyncio.ensure_future(budget.reserve(Amount(1, 9)))
    small = asyncio.ensure_future(budget.reserve(Amount(1, 2)))
    await asyncio.sleep(0)
    assert not small.done(), "first come, first served"
    large.cancel()
    await small
    budget.settle(Amount(1, 8), Amount(1, 8))
    budget.settle(Amount(1, 2), Amount(1, 2))
    assert budget.spent == Amount(2, 10)


async def test_the_refusal_names_the_limit() -> None:
    budget = Budget(Cap(completions=1, usd=0.5))
    with pytest.raises(BudgetExhausted, match=r"0\.5 USD"):
        await budget.reserve(Amount(1, 100, 0.75))
