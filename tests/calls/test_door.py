"""The door to a real (misbehaving) endpoint, over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from its.calls.account import Account
from its.calls.budget import Budget, Cap
from its.calls.client import ModelClient, Price, Sampling
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.calls.journal import Journal
from its.calls.limits import PerMinute, Slots
from its.calls.retries import Circuit, RetryPolicy
from its.errors import BudgetExhausted, CallError
from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings, Timeouts
from its.models.protocol import Capabilities
from its.problems.problem import Message
from its.usage import Usage
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer

PROBLEM = b"p" * 16
ASK = (Message("user", "What is 2 + 3?"),)
DoorFor = Callable[..., StageDoor]


@asynccontextmanager
async def doors(
    folder: Path, behaviour: Behaviour, capabilities: Capabilities | None = None
) -> AsyncIterator[tuple[DoorFor, HostileServer, CallContext]]:
    """A maker of doors (fresh accounts over one journal) to a server in this process."""
    async with HostileServer(behaviour) as server:
        model = OpenAIModel(OpenAISettings("loopback", server.url, timeouts=Timeouts(1, 1, 5)))
        client = ModelClient(
            model,
            Sampling(max_tokens=64),
            Price(1.0, None, 2.0),
            Slots(8),
            PerMinute(None),
            PerMinute(None),
            RetryPolicy(attempts=8, first=0.01, longest=0.05),
            Circuit(failures=100),
            capabilities or Capabilities(),
            Random(0),
        )
        journal = Journal(folder)
        context = CallContext(journal, seed=0)

        def door(cap: Cap | None = None) -> StageDoor:
            account = Account(PROBLEM, 0, journal.calls_of(PROBLEM), journal.decisions_of(PROBLEM))
            account.open_budget(cap or Cap(), None)
            return StageDoor(context, account, client, "stage", "strategy", account.budget)

        try:
            yield door, server, context
        finally:
            await model.close()
            journal.close()


async def test_a_completion_is_charged_once_and_equals_the_endpoints_count(tmp_path: Path) -> None:
    async with doors(tmp_path, Behaviour()) as (make, server, context):
        door = make()
        completion = await door.complete(door.request(ASK), "0")
        charged = context.ledger.charged
        assert completion.text
        assert charged.completions == server.stats.completions == 1
        assert charged.prompt_tokens == server.stats.prompt_tokens
        assert charged.completion_tokens == server.stats.completion_tokens
        tokens = (charged.prompt_tokens or 0) * 1.0 + (charged.completion_tokens or 0) * 2.0
        assert charged.usd == pytest.approx(tokens / 1_000_000)
        assert door.account.usage == charged


async def test_the_same_label_and_content_is_never_bought_twice(tmp_path: Path) -> None:
    async with doors(tmp_path, Behaviour()) as (make, server, _):
        door = make()
        first = await door.complete(door.request(ASK), "0")
    async with doors(tmp_path, Behaviour()) as (make, server, context):
        door = make(Cap(completions=1))
        assert await door.complete(door.request(ASK), "0") == first
        assert server.stats.requests == 0
        assert context.ledger.charged == Usage()
        assert door.account.usage.completions == 1, "the problem's bill still holds it"
        with pytest.raises(BudgetExhausted):
            await door.complete(door.request(ASK), "1")
        other = door.request((Message("user", "What is 2 + 4?"),))
        fresh = make()
        await fresh.complete(other, "0")
        assert server.stats.requests == 1, "other content is another call"


async def test_retries_are_charged_as_failures_and_their_estimates_marked(tmp_path: Path) -> None:
    faults = {"reset_midway": 0.15, "500": 0.1, "garbage": 0.1}
    async with doors(tmp_path, Behaviour(faults=faults)) as (make, server, context):
        door = make()
        for label in range(30):
            await door.complete(door.request(ASK), str(label))
        charged, stats = context.ledger.charged, server.stats
        assert charged.completions == stats.completions == 30
        assert context.ledger.retries == stats.requests - 30
        counted = (charged.tokens or 0) - charged.estimated_tokens
        assert counted == stats.prompt_tokens + stats.completion_tokens
        assert charged.estimated_tokens > 0


@pytest.mark.parametrize("n", ["honoured", "ignored", "refused"])
async def test_n_labels_bring_n_completions_whatever_the_endpoint_makes_of_n(
    tmp_path: Path, n: Literal["honoured", "ignored", "refused"]
) -> None:
    behaviour = Behaviour(dialect=replace(Dialect(), n=n))
    claimed = Capabilities(n=n != "ignored")
    async with doors(tmp_path, behaviour, claimed) as (make, server, context):
        door = make()
        request = door.request(ASK)
        results = await door.complete_many(request, ["0", "1", "2"])
        assert len(results) == 3
        assert not any(isinstance(result, CallError) for result in results)
        assert context.ledger.charged.completions == server.stats.completions == 3


async def test_the_cap_holds_by_the_endpoints_own_count(tmp_path: Path) -> None:
    async with doors(tmp_path, Behaviour(faults={"500": 0.3})) as (make, server, _):
        door = make(Cap(completions=5))
        results = await door.complete_many(door.request(ASK), [str(n) for n in range(9)])
        refused = [result for result in results if isinstance(result, BudgetExhausted)]
        assert len(refused) == 4
        assert results[5:] == refused, "who asks first is served first"
        assert server.stats.completions == 5


async def test_a_stage_budget_is_part_of_the_doors_remaining(tmp_path: Path) -> None:
    async with doors(tmp_path, Behaviour()) as (make, _, _):
        door = make(Cap(completions=5))
        inner = replace(door, budget=Budget(Cap(completions=2), door.account.budget))
        assert (door.remaining, inner.remaining) == (5, 2)
        await inner.complete(inner.request(ASK), "0")
        assert (door.remaining, inner.remaining) == (4, 1)
