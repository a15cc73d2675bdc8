"""One run held open for the stages of a Ray Data job: whoever submits a problem gets its row, and
a problem that is recorded or under way is not bought again."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import orjson

from its.pipeline.config import Pipeline
from its.problems.problem import BadLine, Problem
from its.problems.reading import problem_from
from its.ray.engine import LOCAL, RaySettings, connected
from its.ray.workers import RayWorkers
from its.runs.run import ActiveRun
from its.session import Session

IDLE = 10.0
"""Seconds without a problem after which the accounts are closed and the run is given up; the next
problem opens it again."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Which run: its pipeline as plain data, its directory, and how many workers solve (0: the
    keeper itself)."""

    pipeline: Mapping[str, Any]
    run: str
    workers: int
    cpus: float
    gpus: float


class Keeper:
    """Holds the run; `end` is called once it is idle."""

    def __init__(self, kept: Kept, end: Callable[[], None]) -> None:
        self._kept = kept
        self._end = end
        self._problems: queue.SimpleQueue[Problem | BadLine | None] = queue.SimpleQueue()
        self._positions = count()
        self._indices = count()
        self._rows: dict[int, asyncio.Future[bytes]] = {}
        self._under_way: dict[bytes, asyncio.Future[bytes]] = {}
        self._session: asyncio.Task[None] | None = None
        self._opened = asyncio.Event()
        self._active: ActiveRun | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def solve(self, rows: list[dict[str, Any]]) -> list[bytes]:
        """The rows as JSON lines, in the order of what was given. Raises ItsError where the run
        cannot go on."""
        if self._leaving is not None:
            self._leaving.cancel()
        if self._session is None:
            self._session = asyncio.create_task(self._hold_open())
        waiting = asyncio.create_task(self._solve([problem_of(row) for row in rows]))
        await asyncio.wait((waiting, self._session), return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait((waiting,))
            self._session.result()  # raises what has ended the run
        if not self._under_way:
            self._leaving = asyncio.get_running_loop().call_later(IDLE, self._leave)
        return waiting.result()

    async def _solve(self, problems: list[Problem | BadLine]) -> list[bytes]:
        await self._opened.wait()
        return await asyncio.gather(*map(self._submit, problems))

    def _submit(self, problem: Problem | BadLine) -> asyncio.Future[bytes]:
        assert self._active is not None
        key = problem.key
        if (row := self._under_way.get(key)) is None:
            row = self._under_way[key] = asyncio.get_running_loop().create_future()
            position = next(self._positions)
            self._rows[position] = row
            row.add_done_callback(lambda done: self._under_way.pop(key, None))
            recorded = self._active.journal.solution_of(key)
            index = next(self._indices) if recorded is None else recorded.index
            self._problems.put(replace(problem, index=index))
        return asyncio.shield(row)

    async def _hold_open(self) -> None:
        kept = self._kept
        pipeline = Pipeline.model_validate(kept.pipeline)
        settings = RaySettings(LOCAL, kept.workers, kept.cpus, kept.gpus)
        workers = RayWorkers(connected(settings)) if kept.workers else None
        async with Session(pipeline, run=kept.run, workers=workers) as session:
            self._active = session.active
            session.active.journal.has_history = True  # rows of this very session are asked again
            self._indices = count(session.active.journal.count_rows())
            self._opened.set()
            await session.run(iter(self._problems.get, None), self._emit)

    def _emit(self, position: int, row: bytes) -> None:
        done = self._rows.pop(position)
        if not done.done():
            done.set_result(row)

    def _leave(self) -> None:
        if not self._under_way:
            self._problems.put(None)
            assert self._session is not None
            self._session.add_done_callback(lambda ended: self._end())


def problem_of(values: Mapping[str, Any]) -> Problem | BadLine:
    """A row as a problem. Without an id it is known by its content alone, never by its place:
    equal questions are one problem."""
    problem = problem_from(values, 0)
    if isinstance(problem, Problem):
        if problem.id != "line:1":
            return problem
        problem = replace(problem, ordinal=0)
    else:
        problem = replace(problem, content=problem.content or orjson.dumps(dict(values)))
    return replace(problem, id=problem.key.hex())
