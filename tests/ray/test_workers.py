"""A run solved by workers is the run of one process: the same rows, exact sums, and nothing is
bought twice."""

from __future__ import annotations

import asyncio
import random
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from its.errors import ConfigurationError, EndpointError, UsageError, WorkersLost
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline, preset_names
from its.pipeline.solving import Solver
from its.ray.workers import RayWorkers
from its.runs.batch import Batch
from its.session import Session
from its.testing import FakeModel
from tests.ray.inprocess import (
    SCRIPT,
    InProcess,
    kill_again_and_again,
    pipeline_at,
    problems,
    solved,
    until,
)
from tests.runs.command import compute_of, decided, rows_of
from tests.runs.test_faults import sums_agree
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer

QUICK = Behaviour(seconds=0.01, sigma=0.5, tokens=8, dialect=Dialect(n="ignored"))


def bought(server: HostileServer, run: Path) -> int:
    """What the endpoint delivered for problems; the probe, which may be remembered, apart."""
    return server.stats.completions - int(compute_of(run)["unattributed"]["completions"])


@pytest.mark.parametrize("preset", ["self_consistency", "thorough"])
async def test_rows_sums_and_purchases_are_those_of_one_process(
    tmp_path: Path, preset: str
) -> None:
    async with HostileServer(QUICK, SCRIPT) as server:
        pipeline = pipeline_at(server, preset)
        await solved(pipeline, tmp_path / "one", 6)
        needed = bought(server, tmp_path / "one")
        server.reset()
        session = await solved(pipeline, tmp_path / "many", 6, InProcess(3))
        assert bought(server, tmp_path / "many") == needed
    assert decided(rows_of(tmp_path / "many")) == decided(rows_of(tmp_path / "one"))
    sums_agree(tmp_path / "many")
    assert session.result is not None
    shares = session.result.workers
    assert len(shares) == 3
    assert sum(share.problems for share in shares) == 6
    assert all(share.problems for share in shares), "nobody has nothing to do"


async def test_no_more_calls_are_in_flight_than_the_run_may_have_and_all_of_them_are_used(
    tmp_path: Path,
) -> None:
    behaviour = Behaviour(seconds=0.02, sigma=0.5, tokens=8, dialect=Dialect(n="ignored"))
    async with HostileServer(behaviour) as server:
        pipeline = pipeline_at(server, "self_consistency", calls=10)
        await solved(pipeline, tmp_path, 24, InProcess(3))
        # A call that ends may still be counted by the server when the next one comes.
        assert 10 <= server.stats.in_flight_max <= 12


async def test_a_model_in_the_worker_has_all_its_slots_in_every_worker(tmp_path: Path) -> None:
    settings = [("stages.0.n", 4), ("stop.rule", "none"), ("model.max_tokens", 16)]
    pipeline = load_pipeline("self_consistency", settings, model="embedded", concurrency=4)
    crew = RayWorkers(nullcontext(InProcess(2)))
    async with Session(pipeline, run=tmp_path, workers=crew) as session:
        remote = session.active.remote
        assert remote is not None
        running = asyncio.create_task(session.run(iter(problems(40)), lambda position, row: None))
        await until(lambda: [share.in_flight for share in remote.shares] == [4, 4])
        await running
    assert len(rows_of(tmp_path)) == 40


async def test_a_rate_per_minute_is_that_of_all_workers_together(tmp_path: Path) -> None:
    """Twelve a minute let two go at once; then the run waits."""
    async with HostileServer(QUICK) as server:
        pipeline = pipeline_at(server, "greedy", ("model.requests_per_minute", 12))
        crew = RayWorkers(nullcontext(InProcess(2)))
        batches: list[Batch] = []
        async with Session(pipeline, run=tmp_path, workers=crew) as session:
            server.reset()
            running = asyncio.create_task(
                session.run(iter(problems(40)), lambda at, row: None, watch=batches.append)
            )
            waiting = session.active.waiting
            await until(lambda: server.stats.requests >= 2)
            await until(lambda: waiting.reasons.get("the rate limit", 0) == 8)
            assert server.stats.requests <= 6
            batches[0].stop()
            await running


async def test_a_killed_worker_costs_at_most_its_calls_in_flight(tmp_path: Path) -> None:
    draw, said = random.Random(5), list[str]()
    async with HostileServer(QUICK, SCRIPT) as server:
        pipeline = pipeline_at(server, "thorough")
        await solved(pipeline, tmp_path / "one", 8)
        needed = bought(server, tmp_path / "one")
        server.reset()
        engine = InProcess(2)
        killing = asyncio.create_task(kill_again_and_again(engine, draw, 0.05, 0.3))
        session = await solved(pipeline, tmp_path / "many", 8, engine, said)
        killing.cancel()
        twice = bought(server, tmp_path / "many") - needed
    assert decided(rows_of(tmp_path / "many")) == decided(rows_of(tmp_path / "one"))
    sums_agree(tmp_path / "many")
    lost = compute_of(tmp_path / "many")["unattributed"]["calls"]
    assert 0 <= twice <= lost
    assert session.result is not None
    losses = [share for share in session.result.workers if share.state == "lost"]
    assert losses
    assert len([sentence for sentence in said if "was lost" in sentence]) >= len(losses)


async def test_a_run_goes_on_with_other_workers_and_in_one_process(tmp_path: Path) -> None:
    async with HostileServer(QUICK, SCRIPT) as server:
        pipeline = pipeline_at(server, "thorough")
        await solved(pipeline, tmp_path / "one", 9)
        needed = bought(server, tmp_path / "one")
        server.reset()
        for workers in (3, 2, None):
            engine = None if workers is None else InProcess(workers)
            crew = None if engine is None else RayWorkers(nullcontext(engine))
            async with Session(pipeline, run=tmp_path / "many", workers=crew) as session:
                batches: list[Batch] = []
                running = asyncio.create_task(
                    session.run(iter(problems(9)), lambda at, row: None, watch=batches.append)
                )
                enough = server.stats.completions + 20
                await until(partial(_reached, server, enough, running))
                if workers is not None:  # as the first Ctrl-C does
                    session.active.context.admission.close()
                    await session.active.ledger.idle()
                    batches[0].stop()
                await running
        assert bought(server, tmp_path / "many") == needed
    assert decided(rows_of(tmp_path / "many")) == decided(rows_of(tmp_path / "one"))
    assert compute_of(tmp_path / "many")["totals"]["cancelled"] == 0
    sums_agree(tmp_path / "many")


async def test_leaving_at_once_cancels_what_is_in_flight_and_says_what_it_cost(
    tmp_path: Path,
) -> None:
    async with HostileServer(QUICK) as server:
        pipeline = pipeline_at(server, "greedy", calls=4)
        crew = RayWorkers(nullcontext(InProcess(2)))
        batches: list[Batch] = []
        async with Session(pipeline, run=tmp_path, workers=crew) as session:
            server.behaviour = Behaviour(seconds=5.0, tokens=8)
            running = asyncio.create_task(
                session.run(iter(problems(8)), lambda at, row: None, watch=batches.append)
            )
            await until(lambda: server.stats.in_flight == 4)
            batches[0].stop()
            await running
    assert compute_of(tmp_path)["totals"]["cancelled"] == 4


async def test_a_rejected_key_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "right-key-0123456789")
    behaviour = Behaviour(key="right-key-0123456789", tokens=8)
    async with HostileServer(behaviour) as server:
        pipeline = pipeline_at(server, "greedy")
        crew = RayWorkers(nullcontext(InProcess(2)))
        async with Session(pipeline, run=tmp_path, workers=crew) as session:
            await asyncio.sleep(0.05)
            server.behaviour = Behaviour(key="another-key", tokens=8)
            with pytest.raises(EndpointError, match="key"):
                await session.run(iter(problems(30)), lambda position, row: None)


async def test_a_key_is_taken_from_the_workers_own_environment_and_missed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "secret-key-0123456789"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    sent: list[bytes] = []

    class Listening(InProcess):
        def start(self) -> object:  # type: ignore[override]
            process = super().start()
            opening, turning = process.open, process.turn

            async def open(setup: bytes) -> bytes:
                sent.append(setup)
                monkeypatch.delenv("OPENAI_API_KEY")
                return await opening(setup)

            async def turn(message: bytes) -> bytes:
                sent.append(message)
                return await turning(message)

            process.open, process.turn = open, turn  # type: ignore[method-assign]
            return process

    async with HostileServer(QUICK) as server:
        pipeline = pipeline_at(server, "greedy")
        with pytest.raises(ConfigurationError, match="has no OPENAI_API_KEY in its environment"):
            await solved(pipeline, tmp_path, 2, Listening(1))
    assert sent
    assert not any(key.encode() in message for message in sent)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (("model.headers", {"X-Key": "plain"}), "model.headers.X-Key holds a secret"),
        (("model.extra_body", {"api_key": "plain"}), "model.extra_body.api_key holds a secret"),
        (("model.base_url", ""), "model.base_url holds a secret"),
    ],
)
async def test_what_workers_cannot_do_or_must_not_know_is_refused(
    tmp_path: Path, setting: tuple[str, Any], said: str
) -> None:
    async with HostileServer(QUICK) as server:
        if setting[0] == "model.base_url":
            setting = (setting[0], server.url.replace("://", "://user:word@"))
            pipeline = load_pipeline("greedy", [setting], model="loopback")
        else:
            pipeline = pipeline_at(server, "self_consistency", setting)
        with pytest.raises(UsageError, match=said):
            await solved(pipeline, tmp_path, 2, InProcess(1))


async def test_open_models_cannot_go_to_workers(tmp_path: Path) -> None:
    model = FakeModel(lambda request, number: "Answer: 1")
    pipeline = load_pipeline("greedy", [], model="fake", base_url="http://127.0.0.1:1/v1")
    session = Session(
        pipeline, models={"model": model}, workers=RayWorkers(nullcontext(InProcess(1)))
    )
    with pytest.raises(UsageError, match="open already"):
        await session.__aenter__()


async def test_an_unexpected_exception_costs_its_problem_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with HostileServer(QUICK) as server:
        pipeline = pipeline_at(server, "greedy")
        inside = Solver._solve

        async def solve(self: Solver, problem: object) -> object:
            if getattr(problem, "id", "") == "p1":
                raise KeyError("a fault of ours")
            return await inside(self, problem)  # type: ignore[arg-type]

        monkeypatch.setattr(Solver, "_solve", solve)
        await solved(pipeline, tmp_path, 4, InProcess(2))
    rows = {row["id"]: row for row in rows_of(tmp_path)}
    assert [rows[f"p{n}"]["status"] for n in range(4)].count("failed") == 1
    assert "internal error: KeyError: 'a fault of ours' (its/ray" not in rows["p1"]["error"]
    assert rows["p1"]["error"].startswith("internal error: KeyError: 'a fault of ours' (its/")


async def test_workers_that_only_die_end_the_run_and_it_resumes(tmp_path: Path) -> None:
    async with HostileServer(QUICK) as server:
        pipeline = pipeline_at(server, "greedy")

        class Dying(InProcess):
            def start(self) -> object:  # type: ignore[override]
                process = super().start()
                process.kill()
                return process

        with pytest.raises(WorkersLost, match="the same command resumes"):
            await solved(pipeline, tmp_path, 2, Dying(1))
        await solved(pipeline, tmp_path, 2, InProcess(1))
    assert len(rows_of(tmp_path)) == 2


def _reached(server: HostileServer, completions: int, running: asyncio.Task[object]) -> bool:
    return server.stats.completions >= completions or running.done()


@pytest.mark.parametrize("preset", preset_names())
def test_a_pipeline_arrives_as_it_was_sent(preset: str) -> None:
    pipeline = load_pipeline(preset, [("model.timeout.first_token", 3)], concurrency=7)
    data = pipeline.model_dump(mode="json", exclude_unset=True)
    again = Pipeline.model_validate(data)
    assert again == pipeline
    assert "first_token" in again.model.timeout.model_fields_set
