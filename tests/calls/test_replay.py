"""What a resumed run takes from the journal, over a fake model: the same, at the same price."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from its.calls.account import Account
from its.calls.budget import Amount, Cap
from its.calls.client import ModelClient, Price, Sampling
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.calls.journal import Journal
from its.calls.limits import PerMinute, Slots
from its.calls.retries import Circuit, RetryPolicy
from its.errors import BudgetExhausted, CallError, PermanentCallError
from its.models.protocol import Request
from its.problems.problem import Message
from its.testing import FakeModel, Script, ScriptedReply
from its.usage import Usage

PROBLEM = b"p" * 16
ASK = (Message("user", "How many are two and three?"),)


@contextmanager
def door(
    folder: Path, script: Script, cap: Cap | None = None, seconds: float | None = None
) -> Iterator[tuple[StageDoor, FakeModel]]:
    """A door to a fake model, over the journal in this folder."""
    model = FakeModel(script)
    client = ModelClient(
        model,
        Sampling(max_tokens=20),
        Price(1.0, 0.1, 2.0),
        Slots(8),
        PerMinute(None),
        PerMinute(None),
        RetryPolicy(attempts=2, first=0.001),
        Circuit(),
        model.capabilities,
    )
    journal = Journal(folder)
    try:
        account = Account(PROBLEM, 0, journal.calls_of(PROBLEM), journal.decisions_of(PROBLEM))
        account.open_budget(cap or Cap(), seconds)
        context = CallContext(journal, seed=0)
        yield StageDoor(context, account, client, "stage", "strategy", account.budget), model
    finally:
        journal.close()


def five(request: Request, number: int) -> str:
    return "Answer: 5"


async def test_a_call_that_came_too_late_is_refused_again_whatever_the_clock_says(
    tmp_path: Path,
) -> None:
    over = pytest.raises(BudgetExhausted, match="time for this problem")
    with door(tmp_path, five, seconds=-1) as (late, model), over:
        await late.complete(late.request(ASK), "0")
    with door(tmp_path, five) as (again, model):
        with pytest.raises(BudgetExhausted, match="time for this problem"):
            await again.complete(again.request(ASK), "0")
        await again.complete(again.request(ASK), "1")
        assert len(model.requests) == 1


async def test_a_recorded_call_takes_as_much_of_the_budget_as_it_did(tmp_path: Path) -> None:
    with door(tmp_path, five) as (first, _):
        await first.complete(first.request(ASK), "0")
        spent = first.budget.spent
    with door(tmp_path, five, Cap(completions=1)) as (again, model):
        assert (await again.complete(again.request(ASK), "0")).text == "Answer: 5"
        assert again.budget.spent == spent != Amount()
        with pytest.raises(BudgetExhausted):
            await again.complete(again.request(ASK), "1")
        assert model.requests == []


async def test_another_question_under_the_same_label_is_another_call(tmp_path: Path) -> None:
    with door(tmp_path, five) as (first, _):
        await first.complete(first.request(ASK), "0")
    with door(tmp_path, lambda request, number: "Answer: 6") as (again, model):
        other = again.request((Message("user", "And three and three?"),))
        assert (await again.complete(other, "0")).text == "Answer: 6"
        assert len(model.requests) == 1


async def test_a_group_that_is_refused_for_good_is_asked_one_by_one(tmp_path: Path) -> None:
    refused: list[int] = []

    def script(request: Request, number: int) -> str | ScriptedReply | Exception:
        if not refused:
            refused.append(number)
            return PermanentCallError("n is at most 1")
        return "Answer: 5"

    with door(tmp_path, script) as (group, model):
        replies = await group.complete_many(group.request(ASK), ["0", "1", "2"])
        assert not any(isinstance(reply, CallError) for reply in replies)
        assert (len(model.requests), model.completions) == (4, 3)
        assert group.budget.spent.completions == 3


def test_cached_tokens_have_a_price_of_their_own_and_an_unknown_price_is_unknown() -> None:
    usage = Usage(prompt_tokens=1_000_000, cached_tokens=400_000, completion_tokens=500_000)
    assert Price(1.0, 0.1, 2.0).of(usage) == pytest.approx(0.6 + 0.04 + 1.0)
    assert Price(1.0, None, 2.0).of(usage) == pytest.approx(2.0)
    assert Price(1.0, 0.1, None).of(usage) is None
    assert Price().of(Usage()) is None
