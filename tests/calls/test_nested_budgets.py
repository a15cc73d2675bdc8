"""A stage's budget inside its problem's, and a problem's inside the batch's: one truth upwards."""

from __future__ import annotations

import pytest

from its.calls.budget import Amount, Budget, Cap
from its.errors import BudgetExhausted


def test_there_is_room_only_where_the_parent_has_some_too() -> None:
    problem = Budget(Cap(tokens=10))
    stage = Budget(Cap(tokens=100), problem)
    assert stage.holds()
    problem.charge(Amount(tokens=11))
    assert not stage.holds()
    assert Budget(Cap(tokens=100)).holds()


def test_what_no_reservation_covered_counts_in_every_budget_above() -> None:
    batch = Budget(Cap(tokens=10))
    problem = Budget(Cap(), batch)
    stage = Budget(Cap(), problem)
    stage.charge(Amount(tokens=4))
    assert stage.spent == problem.spent == batch.spent == Amount(tokens=4)


async def test_a_refusal_above_gives_the_reservation_back_below() -> None:
    problem = Budget(Cap(completions=1))
    stage = Budget(Cap(completions=3), problem)
    with pytest.raises(BudgetExhausted):
        await stage.reserve(Amount(2))
    await stage.reserve(Amount(1))
    assert stage.remaining_completions == 0
    stage.settle(Amount(1), Amount(0))
    assert stage.remaining_completions == 1, "the parent's, and nothing is held any more"
    assert Budget(stage.cap).remaining_completions == 3


async def test_what_is_reserved_and_refused_leaves_the_whole_stage_free() -> None:
    problem = Budget(Cap(completions=5))
    stage = Budget(Cap(completions=3), problem)
    await problem.reserve(Amount(5))
    problem.settle(Amount(5), Amount(5))
    with pytest.raises(BudgetExhausted):
        await stage.reserve(Amount(3))
    problem.spent = Amount(0)
    assert stage.remaining_completions == 3
