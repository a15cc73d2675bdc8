"""Problems in, solutions out: the one place where a batch is put together.

A session holds a run open: its directory, its journal and its models. The commands and the
library are thin callers of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from its.calls.account import Account
from its.errors import InputError, UsageError
from its.models.protocol import Model
from its.pipeline.solution import Solution
from its.problems import open_problems
from its.problems.problem import BadLine, Problem, Question
from its.runs.batch import Batch, Emit, Solves
from its.runs.directory import RunDirectory
from its.runs.opening import open_directory
from its.runs.run import ActiveRun, RunResult, run_batch, start_run

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.problems.sharding import Shard

Asked = str | Mapping[str, Any] | Problem
"""A problem: its question, a mapping of fields as in a line of a file, or a Problem."""

Problems = str | Path | Iterable[Asked]
"""A file of problems by its path, or any iterable of problems."""

_AHEAD = 4096
"""Problems that may be solved before the caller takes a solution."""


class Workers(Protocol):
    """Processes that solve the problems of a run."""

    def joining(
        self, run: ActiveRun, pipeline: Pipeline, *, baseline: bool
    ) -> AbstractAsyncContextManager[ActiveRun]:
        """The same run, with its problems solved by workers while the context is open. Raises
        UsageError where they cannot solve it."""
        ...


class Session:
    """A run held open: `async with Session(pipeline) as session`.

    `run` is the run directory: the same pipeline resumes there, and nothing is paid twice; without
    one nothing is kept. `source` names the input in the description of the run (and in the default
    directory of the commands), `command` tells runs of another command apart, `shard` says which
    part of the input the problems are (the caller reads only that), `baseline` adds one greedy pass
    per problem, `models` holds models that are open already by their role (`model`,
    `judge`, a name in `models`), `listen` is called with the account of every problem that begins
    here, `workers` solve the problems in other processes.
    Entering raises EndpointError where a model cannot be used at all, ConfigurationError where the
    pipeline cannot work on the models, and RunDirectoryError where the directory cannot be used.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        run: str | Path | None = None,
        fresh: bool = False,
        baseline: bool = False,
        models: Mapping[str, Model] | None = None,
        source: str = "session",
        command: str | None = None,
        shard: Shard | None = None,
        listen: Callable[[Account], None] | None = None,
        workers: Workers | None = None,
    ) -> None:
        self.pipeline = pipeline
        self.result: RunResult | None = None
        self._run = run
        self._fresh = fresh
        self._baseline = baseline
        self._models = models
        self._source = source
        self._command = command
        self._shard = shard
        self._listen = listen
        self._workers = workers
        self._stack = AsyncExitStack()
        self._active: ActiveRun | None = None

    @property
    def active(self) -> ActiveRun:
        """The open run. Raises RuntimeError outside of the `async with`."""
        if self._active is None:
            raise RuntimeError("the session is not open: use `async with its.Session(...)`")
        return self._active

    @property
    def directory(self) -> RunDirectory:
        return self.active.directory

    async def __aenter__(self) -> Session:
        if self._workers is not None and self._models:
            raise UsageError("models that are open already cannot be given to workers: name them")
        async with AsyncExitStack() as stack:
            directory = open_directory(
                self.pipeline,
                self._source,
                self._path(stack),
                fresh=self._fresh,
                baseline=self._baseline,
                command=self._command,
                shard=self._shard,
            )
            stack.callback(directory.close)
            active = await stack.enter_async_context(
                start_run(self.pipeline, directory, baseline=self._baseline, given=self._models)
            )
            if self._listen is not None:
                active = replace(active, solver=replace(active.solver, listen=self._listen))
            if self._workers is not None:
                joined = self._workers.joining(active, self.pipeline, baseline=self._baseline)
                active = await stack.enter_async_context(joined)
            self._active = active
            self._stack = stack.pop_all()
        return self

    def _path(self, stack: AsyncExitStack) -> Path | None:
        """The run directory; a temporary one for a library call that keeps nothing."""
        if self._run is not None or self._source != "session":
            return None if self._run is None else Path(self._run)
        return Path(stack.enter_context(TemporaryDirectory(prefix="its-")))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._active = None
        await self._stack.aclose()

    async def run(
        self,
        problems: Iterator[Problem | BadLine],
        emit: Emit,
        *,
        watch: Callable[[Batch], None] = lambda batch: None,
        solver: Solves | None = None,
        total: int | None = None,
        interruptible: bool = False,
    ) -> RunResult:
        """Solve all of them, each row to `emit` as it finishes, and close the accounts.

        `watch` gets the batch before it starts; `solver` solves in place of the pipeline (a judge,
        say); `total` is the number of problems where known; `interruptible` catches Ctrl-C.
        """
        self.result = await run_batch(
            self.active, problems, emit, watch, solver, total, interruptible
        )
        return self.result

    async def solve(
        self, problems: Problems, *, progress: bool = False
    ) -> AsyncGenerator[Solution]:
        """The solutions in the order in which they finish; recorded ones come at once.

        A problem that fails is a solution of status `failed`. Memory stays flat however many
        problems there are: no more are read than the caller keeps up with. `progress` shows how
        the batch goes on, on standard error or in a notebook.
        """
        rows: asyncio.Queue[bytes | None] = asyncio.Queue()
        room = _Room(_AHEAD)
        batches: list[Batch] = []

        async def batch() -> None:
            try:
                with self._display(progress) as show:

                    def watch(started: Batch) -> None:
                        batches.append(started)
                        show(started)

                    await self.run(
                        room.limited(problems_of(problems, self.pipeline)),
                        lambda position, row: rows.put_nowait(row),
                        watch=watch,
                    )
            finally:
                rows.put_nowait(None)

        task = asyncio.create_task(batch())
        try:
            while (row := await rows.get()) is not None:
                room.release()
                yield Solution.from_dict(orjson.loads(row))
        finally:
            room.close()
            if not task.done():
                for each in batches:
                    each.stop()
            await task

    @contextmanager
    def _display(self, progress: bool) -> Iterator[Callable[[Batch], None]]:
        """Who watches the batch."""
        if not progress:
            yield lambda batch: None
            return
        from its.views.messages import Messages
        from its.views.progress import Progress

        with Progress(self.active, None, Messages(), None) as shown:
            yield shown.watch


class _Room:
    """Lets a reader run only so far ahead of whoever takes the solutions."""

    def __init__(self, ahead: int) -> None:
        from threading import Semaphore

        self._semaphore = Semaphore(ahead)
        self._closed = False

    def limited(self, rows: Iterator[Problem | BadLine]) -> Iterator[Problem | BadLine]:
        for row in rows:
            self._semaphore.acquire()
            if self._closed:
                return
            yield row

    def release(self) -> None:
        self._semaphore.release()

    def close(self) -> None:
        self._closed = True
        self._semaphore.release()


def problems_of(problems: Problems, pipeline: Pipeline) -> Iterator[Problem | BadLine]:
    """Problems from a file (read as the pipeline's `input` says), or from questions, mappings and
    Problems.

    Ids that are missing are `line:1`, `line:2`, ... as in a file.
    """
    if isinstance(problems, str | Path):
        own = pipeline.input
        with open_problems(str(problems), fields=own.map, template=own.template) as reader:
            yield from reader
        return
    for index, asked in enumerate(problems):
        yield _problem(asked, index)


def _problem(asked: Asked, index: int) -> Problem | BadLine:
    if isinstance(asked, Problem):
        return replace(asked, index=index)
    if isinstance(asked, str):
        return Problem(f"line:{index + 1}", index, Question(asked))
    from its.problems.reading import problem_from

    try:
        orjson.dumps(dict(asked))
    except TypeError as error:
        raise InputError(f"problem {index + 1} holds what JSON cannot say: {error}") from None
    return problem_from(asked, index)
