"""The workers of a run: started, fed turn by turn, replaced when they are lost."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from its.errors import ConfigurationError, ItsError, WorkersLost
from its.pipeline.broken import internal_error
from its.pipeline.clients import endpoint_roles, own_roles
from its.ray.coordinator import Coordinator
from its.ray.engine import Engine, WorkerGone, WorkerProcess
from its.ray.member import Member
from its.ray.messages import Hello, Setup, decode, encode
from its.redaction import redact, secrets_of_address, secrets_of_data
from its.runs.run import ActiveRun

if TYPE_CHECKING:
    from its.models.settings import ModelSettings
    from its.pipeline.config import Pipeline

MOST_LOSSES = 5
"""How often every worker may be lost without any call ending between."""

_PLACE = 15.0
"""Seconds after which it is worth a word that no worker has a place yet."""
_PAUSE = 1.0
"""Seconds before a lost worker is replaced."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


class RayWorkers:
    """Workers for a session (see `session.Workers`). `engine` is entered with the run; `say` is
    told what people should know."""

    def __init__(
        self,
        engine: AbstractContextManager[Engine],
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._engine = engine
        self._say = say

    @asynccontextmanager
    async def joining(
        self, run: ActiveRun, pipeline: Pipeline, *, baseline: bool
    ) -> AsyncIterator[ActiveRun]:
        check(pipeline)
        setup = encode(setup_of(run, pipeline, baseline=baseline))
        own = own_roles(pipeline)
        for role in own:  # what the probe has loaded here is loaded by the workers
            await run.models.clients[role].model.close()
        with self._engine as engine:
            coordinator = Coordinator(run, engine.workers, own)
            crew = _Crew(engine, coordinator, setup, self._say)
            try:
                crew.start()
                yield replace(run, remote=coordinator)
            finally:
                await crew.end()


def check(pipeline: Pipeline) -> None:
    """Raises ConfigurationError for a pipeline that must not travel to workers."""
    data = pipeline.model_dump(mode="json", exclude_unset=True)
    if found := next(iter(_secrets(data)), None):
        raise ConfigurationError(
            f"{found} holds a secret, and what workers get must not: put it into the environment "
            "of every worker, and name the variable (api_key_env, or $NAME in headers)"
        )


def setup_of(run: ActiveRun, pipeline: Pipeline, *, baseline: bool) -> Setup:
    """What every worker gets. Addresses that the environment gives are written out in it; of keys
    it holds the names of variables alone."""
    roles = endpoint_roles(pipeline)
    return Setup(
        pipeline=_with_addresses(pipeline).model_dump(mode="json", exclude_unset=True),
        baseline=baseline,
        capabilities={
            role: client.capabilities.as_dict() for role, client in run.models.clients.items()
        },
        directory=str(run.directory.path),
        working_directory=str(Path.cwd()),
        variables=tuple(sorted({name for each in roles.values() for name in _variables(each)})),
    )


def _with_addresses(pipeline: Pipeline) -> Pipeline:
    from its.models.backends import backend_of

    def written_out(settings: ModelSettings) -> ModelSettings:
        address = backend_of(settings).address(settings)
        if address is None or settings.base_url is not None:
            return settings
        return settings.model_copy(update={"base_url": address})

    return pipeline.model_copy(
        update={
            "model": written_out(pipeline.model),
            "models": {name: written_out(each) for name, each in pipeline.models.items()},
            **({"judge": written_out(pipeline.judge)} if pipeline.judge else {}),
        }
    )


def _variables(settings: ModelSettings) -> set[str]:
    """Names of the environment that hold keys here, and so must there."""
    named = {settings.api_key_env}
    for value in settings.headers.values():
        named.update(_VARIABLE.findall(value))
    return {name for name in named if os.environ.get(name)}


def _secrets(data: Any, path: str = "") -> list[str]:
    """Where a configuration holds a secret itself: the paths of keys."""
    if isinstance(data, dict):
        found = []
        for key, value in data.items():
            here = f"{path}.{key}" if path else str(key)
            if key == "headers":
                kept = redact({"headers": value})["headers"]
                found += [f"{here}.{name}" for name in value if kept[name] != value[name]]
            elif key.endswith("url") and isinstance(value, str):
                found += [here] if secrets_of_address(value) else []
            elif isinstance(value, str):
                found += [here] if secrets_of_data({key: value}) else []
            else:
                found += _secrets(value, here)
        return found
    if isinstance(data, list):
        return [each for n, value in enumerate(data) for each in _secrets(value, f"{path}.{n}")]
    return []


class _Crew:
    """As many workers as the engine has room for, each with a task that feeds it."""

    def __init__(
        self, engine: Engine, coordinator: Coordinator, setup: bytes, say: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._coordinator = coordinator
        self._setup = setup
        self._say = say
        self._processes: set[WorkerProcess] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._losses = 0
        self._calls_before = 0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.call_later(_PLACE, self._say_waiting)
        self._tasks = [
            asyncio.create_task(self._keep_one()) for _ in range(self._coordinator.expected)
        ]

    async def end(self) -> None:
        self._waiting.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(process.close() for process in self._processes))

    async def _keep_one(self) -> None:
        """One worker after the other, until the run cannot go on."""
        try:
            while True:
                await self._work(self._engine.start())
                if self._too_many_losses():
                    raise WorkersLost(
                        f"{self._losses} workers were lost one after the other and no call ended "
                        "between; Ray's logs on their machines say why (too little memory?); "
                        "the same command resumes the run"
                    )
                await asyncio.sleep(_PAUSE)
        except ItsError as error:
            self._coordinator.fail(error)
        except Exception as error:
            self._coordinator.fail(WorkersLost(internal_error(error)))

    async def _work(self, process: WorkerProcess) -> None:
        """Feed a worker; returns when it is lost."""
        self._processes.add(process)
        member: Member | None = None
        try:
            hello: Hello = decode(await process.open(self._setup))
            if hello.error is not None:
                raise hello.error
            self._waiting.cancel()
            member = self._coordinator.join(hello.place, process.wake)
            while True:
                message = encode(self._coordinator.message_to(member))
                await self._coordinator.heard(member, decode(await process.turn(message)))
        except WorkerGone as gone:
            self._processes.discard(process)
            await self._lost(process, member, str(gone))

    async def _lost(self, process: WorkerProcess, member: Member | None, why: str) -> None:
        if member is None:
            self._say(f"A worker was lost before it was ready ({why.partition('. ')[0]}).")
        else:
            problems, share = len(member.jobs), member.share
            await self._coordinator.lose(member)
            again = f"; problems handed out again: {problems:,}" if problems else ""
            self._say(f"Worker {share.number} on {share.place} was lost{again}.")
        await process.close()

    def _too_many_losses(self) -> bool:
        calls = sum(share.calls for share in self._coordinator.shares)
        self._losses = 1 if calls > self._calls_before else self._losses + 1
        self._calls_before = calls
        return self._losses >= MOST_LOSSES * self._coordinator.expected

    def _say_waiting(self) -> None:
        self._say(
            f"No worker has a place yet; {self._coordinator.expected} were asked for. Ray starts "
            "them as soon as the cluster has the CPUs and GPUs for one."
        )
