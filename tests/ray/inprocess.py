"""Workers in the test's own event loop: everything is as in processes of their own (messages
travel as bytes, keys come from the environment), but killing one takes no time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline
from its.problems.problem import Problem, Question
from its.ray import workers
from its.ray.actor import WorkerActor
from its.ray.engine import WorkerGone
from its.ray.workers import RayWorkers
from its.session import Session
from tests.servers.hostile import HostileServer
from tests.servers.script import hashed_words, rules

workers._PAUSE = 0.0
SCRIPT = rules(
    (
        ("Rate how difficult", (("9", 1.0),)),
        ("how likely|Score|score", tuple((f"Score: {value}", 1.0) for value in range(1, 11))),
        ("one word", (("yes", 2.0), ("no", 1.0))),
    ),
    hashed_words(8),
)
"""Every problem is hard, so that the adaptive preset searches."""


@dataclass(eq=False)
class Process:
    """One worker. `kill` ends it as a kill does: what it has not said is lost."""

    actor: WorkerActor = field(default_factory=WorkerActor)
    killed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, setup: bytes) -> bytes:
        return await self.actor.open(setup)

    async def turn(self, message: bytes) -> bytes:
        turn = asyncio.ensure_future(self.actor.turn(message))
        killed = asyncio.ensure_future(self.killed.wait())
        try:
            await asyncio.wait((turn, killed), return_when=asyncio.FIRST_COMPLETED)
            if killed.done():
                await self.actor.close()
                raise WorkerGone("it was killed")
            return await turn
        finally:
            turn.cancel()
            killed.cancel()

    def wake(self) -> None:
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(self.actor.wake()))

    async def close(self) -> None:
        await self.actor.close()

    def kill(self) -> None:
        self.killed.set()


@dataclass
class InProcess:
    """An engine of so many workers."""

    workers: int
    started: list[Process] = field(default_factory=list)

    def start(self) -> Process:
        self.started.append(Process())
        return self.started[-1]


async def kill_again_and_again(
    engine: InProcess, draw: random.Random, least: float, most: float
) -> None:
    """Kill one of the workers at random moments, so many seconds apart."""
    while True:
        await asyncio.sleep(draw.uniform(least, most))
        draw.choice(engine.started[-engine.workers :]).kill()


def problems(count: int) -> list[Problem]:
    return [Problem(f"p{n}", n, Question(f"What is {n} + {n}?"), str(2 * n)) for n in range(count)]


def pipeline_at(
    server: HostileServer, preset: str, *settings: tuple[str, Any], calls: int = 8
) -> Pipeline:
    return load_pipeline(preset, settings, model="loopback", base_url=server.url, concurrency=calls)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds: what is waited for has no event of its own."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def solved(
    pipeline: Pipeline,
    run: Path,
    count: int,
    engine: InProcess | None = None,
    said: list[str] | None = None,
) -> Session:
    """Solve so many problems to the end."""
    say = (said if said is not None else []).append
    crew = None if engine is None else RayWorkers(nullcontext(engine), say)
    async with Session(pipeline, run=run, workers=crew) as session:
        await session.run(iter(problems(count)), lambda position, row: None)
    return session
