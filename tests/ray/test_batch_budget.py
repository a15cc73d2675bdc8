"""One budget for the whole batch, whoever solves its problems."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

from its.allocation.amounts import Limit
from its.allocation.shared_budget import SharedBudget
from its.calls.budget import Amount, Budget, Cap
from its.errors import BudgetExhausted
from its.pipeline.config import Pipeline
from its.ray import coordinator
from its.ray.messages import Reserve, Settled
from its.ray.stakes import Stake, Stakes
from tests.ray.inprocess import InProcess, Process, kill_again_and_again, pipeline_at, solved
from tests.ray.test_workers import bought
from tests.runs.command import compute_of, decided, rows_of
from tests.runs.test_batch_budget import EASY_AND_HARD
from tests.runs.test_faults import sums_agree
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.script import hashed_words, rules

QUICK = Behaviour(seconds=0.01, sigma=0.5, tokens=12, dialect=Dialect(n="ignored"))
SCRIPT = rules(EASY_AND_HARD, hashed_words(8))


def drawing(server: HostileServer, amount: str) -> Pipeline:
    settings = (("stages.0.n", 40), ("budget.max", 40), ("budget.batch", amount))
    return pipeline_at(server, "self_consistency", *settings)


async def test_it_is_divided_as_in_one_process(tmp_path: Path) -> None:
    async with HostileServer(QUICK, SCRIPT) as server:
        pipeline = drawing(server, "90")
        await solved(pipeline, tmp_path / "one", 20)
        needed = bought(server, tmp_path / "one")
        server.reset()
        await solved(pipeline, tmp_path / "many", 20, InProcess(3))
        assert bought(server, tmp_path / "many") == needed <= 90
    assert decided(rows_of(tmp_path / "many")) == decided(rows_of(tmp_path / "one"))
    sums_agree(tmp_path / "many")
    spent = [row["budget"]["spent"] for row in rows_of(tmp_path / "many")]
    assert len(set(spent)) > 2, "what wavers draws more"


@pytest.mark.parametrize("most", [2000, 4000])
async def test_the_total_is_never_exceeded(tmp_path: Path, most: int) -> None:
    async with HostileServer(QUICK, SCRIPT) as server:
        await solved(drawing(server, f"{most}tok"), tmp_path, 20, InProcess(3))
    totals, unattributed = (compute_of(tmp_path)[key] for key in ("totals", "unattributed"))
    kinds = ("prompt_tokens", "completion_tokens")
    spent = sum(totals[kind] - unattributed[kind] for kind in kinds)
    assert 0.3 * most < spent <= most


async def test_lost_workers_change_nothing(tmp_path: Path) -> None:
    draw = random.Random(7)
    async with HostileServer(QUICK, SCRIPT) as server:
        pipeline = drawing(server, "150")
        await solved(pipeline, tmp_path / "one", 20)
        needed = bought(server, tmp_path / "one")
        server.reset()
        engine = InProcess(3)
        killing = asyncio.create_task(kill_again_and_again(engine, draw, 0.02, 0.15))
        await solved(pipeline, tmp_path / "many", 20, engine)
        killing.cancel()
        twice = bought(server, tmp_path / "many") - needed
    assert len(engine.started) > 4
    assert decided(rows_of(tmp_path / "many")) == decided(rows_of(tmp_path / "one"))
    assert 0 <= twice <= compute_of(tmp_path / "many")["unattributed"]["calls"]
    sums_agree(tmp_path / "many")


async def test_problems_that_draw_together_do_not_wait_for_workers_that_do_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coordinator, "_PATIENCE", 0.2)

    class Never(Process):
        async def open(self, setup: bytes) -> bytes:
            await asyncio.Event().wait()
            return b""

    class OneOfThree(InProcess):
        def start(self) -> Process:
            self.started.append(Process() if not self.started else Never())
            return self.started[-1]

    async with HostileServer(QUICK, SCRIPT) as server:
        session = await solved(drawing(server, "60"), tmp_path, 12, OneOfThree(3))
    assert session.result is not None
    assert [share.problems for share in session.result.workers] == [12]


async def test_what_was_spent_before_a_loss_pays_for_its_replay_alone() -> None:
    whole = Budget(Cap(tokens=100))
    stake, other = Stake(whole), Stake(whole)
    await stake.reserve(Amount(tokens=50))
    stake.settle(Amount(tokens=50), Amount(tokens=30))
    await stake.reserve(Amount(tokens=50))  # in flight when its worker is lost
    stake.start_again()
    assert whole.spent.tokens == 30
    await other.reserve(Amount(tokens=70))
    await stake.reserve(Amount(tokens=30))
    stake.settle(Amount(tokens=30), Amount(tokens=30))
    assert whole.spent.tokens == 30
    refused = asyncio.create_task(stake.reserve(Amount(tokens=1)))
    other.settle(Amount(tokens=70), Amount(tokens=70))
    with pytest.raises(BudgetExhausted):
        await refused
    assert whole.spent.tokens == 100


async def test_a_failed_attempt_is_paid_for() -> None:
    whole = Budget(Cap(tokens=10))
    stake = Stake(whole)
    stake.pay(Amount(tokens=8))
    assert whole.spent.tokens == 8
    stake.start_again()
    stake.pay(Amount(tokens=8))
    assert whole.spent.tokens == 8
    with suppress(BudgetExhausted):
        await stake.reserve(Amount(tokens=3))
        pytest.fail("there is room for two")


async def test_what_a_cancelled_problem_had_asked_for_is_given_back_after_its_end() -> None:
    """The worker hears of the reservation, and says that it was not used, when the problem is
    over."""

    async def remember(name: str, value: str) -> None: ...

    shared = SharedBudget(Limit(10, "completions"), lambda answered: 0, {}, remember)
    stakes = Stakes(shared)
    one = Amount(completions=10)
    await stakes.answer(Reserve(b"p", one))
    stakes.leave(b"p")
    stakes.settle(Settled(b"p", Amount(), one))
    assert shared.budget.spent.completions == 0
    await stakes.answer(Reserve(b"q", one))
