"""`its.ray.Solve` as a stage of a Ray Data job, and the keeper behind it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest

from its.errors import EndpointError, InputError
from its.problems.problem import BadLine, Problem
from its.ray.keeper import Keeper, Kept, problem_of
from its.ray.stage import _columns, _rows
from tests.ray.cluster import QUIET, ROOT
from tests.ray.inprocess import pipeline_at
from tests.runs.command import compute_of, rows_of
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer

QUICK = Behaviour(seconds=0.01, tokens=8, dialect=Dialect(n="ignored"))


def kept(server: HostileServer, run: Path) -> Kept:
    pipeline = pipeline_at(server, "self_consistency")
    return Kept(pipeline.model_dump(mode="json", exclude_unset=True), str(run), 0, 1.0, 0.0)


async def test_rows_come_in_order_and_nothing_is_bought_twice(tmp_path: Path) -> None:
    rows = [{"id": f"p{n}", "question": f"What is {n} + {n}?"} for n in range(5)]
    async with HostileServer(QUICK) as server:
        ended = asyncio.Event()
        keeper = Keeper(kept(server, tmp_path), ended.set)
        twice = await asyncio.gather(keeper.solve(rows), keeper.solve(list(reversed(rows))))
        assert [orjson.loads(row)["id"] for row in twice[0]] == [row["id"] for row in rows]
        assert twice[1] == list(reversed(twice[0]))
        bought = server.stats.completions
        assert await keeper.solve(rows) == twice[0]
        keeper._leave()
        await asyncio.wait_for(ended.wait(), 10)
        again = Keeper(kept(server, tmp_path), ended.set)
        assert await again.solve(rows[:2]) == twice[0][:2], "a later job finds what is recorded"
        assert server.stats.completions == bought
        again._leave()
        await asyncio.sleep(0.1)
    assert compute_of(tmp_path)["totals"]["completions"] == bought
    assert len(rows_of(tmp_path)) == 5


async def test_what_ends_the_run_is_raised(tmp_path: Path) -> None:
    behaviour = Behaviour(key="another", tokens=8)
    async with HostileServer(behaviour) as server:
        keeper = Keeper(kept(server, tmp_path), lambda: None)
        with pytest.raises(EndpointError):
            await keeper.solve([{"id": "a", "question": "What is 1 + 1?"}])


def test_a_row_without_an_id_is_known_by_its_content() -> None:
    one, same, other = (
        problem_of({"question": text, "row": n}) for n, text in enumerate(("a?", "a?", "b?"))
    )
    assert isinstance(one, Problem)
    assert one.key == same.key != other.key
    assert one.id == one.key.hex()
    bad = problem_of({"nothing": 1})
    assert isinstance(bad, BadLine)
    assert bad.key == problem_of({"nothing": 1}).key != problem_of({"nothing": 2}).key


def test_columns_are_read_as_plain_values_and_nothing_else_is_taken() -> None:
    batch = {"id": np.array(["a", "b"]), "choices": np.array([["x", "y"], ["z", "w"]])}
    assert _rows(batch) == [
        {"id": "a", "choices": ["x", "y"]},
        {"id": "b", "choices": ["z", "w"]},
    ]
    assert _columns([])["its_answer"].shape == (0,)
    with pytest.raises(InputError, match="batch_format"):
        _rows([1, 2])  # type: ignore[arg-type]


JOB = """
import os, signal, sys
import ray
from its.ray import Solve

class Dying(Solve):
    "Solves the batch, and dies before it says so: once for all actors."
    def __call__(self, batch):
        solved = super().__call__(batch)
        mark = self._kept.run + "-died"
        if not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return solved

ray.init(num_cpus=2, include_dashboard=False, object_store_memory=80_000_000, log_to_driver=False)
rows = [{"id": f"p{n}", "question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(8)]
solved = ray.data.from_items(rows, override_num_blocks=2).map_batches(
    Dying, batch_size=4, concurrency=1,
    fn_constructor_args=("greedy",),
    fn_constructor_kwargs={"run": sys.argv[2], "model": "loopback", "base_url": sys.argv[1]},
)
import json
names = ("id", "its_status", "its_completions", "answer")
print(json.dumps(sorted([row[name] for name in names] for row in solved.take_all())))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray")
async def test_an_actor_that_dies_after_its_batch_buys_nothing_twice(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(JOB)
    async with HostileServer(QUICK) as server:
        command = [sys.executable, str(job), server.url, str(tmp_path / "run")]
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | QUIET,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 200)
        assert process.returncode == 0, err.decode()[-3000:]
        delivered = server.stats.completions
    assert (tmp_path / "run-died").exists()
    (said,) = (line for line in out.splitlines() if line.startswith(b'[["p0"'))
    rows = orjson.loads(said)
    assert rows == [[f"p{n}", "answered", 1, str(2 * n)] for n in range(8)]
    with contextlib.closing(sqlite3.connect(tmp_path / "run" / "journal.sqlite")) as journal:
        asked = "SELECT COUNT(*), SUM(completions) FROM calls WHERE stage='greedy'"
        assert journal.execute(asked).fetchone() == (8, 8)
        (all_of_it,) = journal.execute("SELECT SUM(completions) FROM calls").fetchone()
    assert delivered == all_of_it
