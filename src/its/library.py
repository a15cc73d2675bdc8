"""`its.solve`: a batch in one call, for scripts, notebooks and coroutines alike."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from its.errors import RunDirectoryError
from its.models.protocol import Model
from its.pipeline.load import load_pipeline
from its.pipeline.solution import Solution
from its.session import Problems, Session

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.runs.run import RunResult

_WAITING = 1024
"""Solutions that wait for a plain loop before the batch waits too."""

_JOINING = 0.1
"""Seconds between two tries to end a batch that the caller has left."""


def solve(
    problems: Problems,
    pipeline: Pipeline | str | None = None,
    *,
    model: str | None = None,
    base_url: str | None = None,
    run: str | Path | None = None,
    fresh: bool = False,
    baseline: bool = False,
    progress: bool = False,
    models: Mapping[str, Model] | None = None,
) -> Solving:
    """Solve problems; iterate over the result with `for`, or with `async for` in a coroutine.

    `problems` is a file by its path, or an iterable of questions, mappings or `its.Problem`.
    `pipeline` is one that `its.load_pipeline` made, or the name of a preset or of a YAML file;
    `model` and `base_url` then say which model runs it (the embedded one where none is named).
    With `run` the run directory is kept there, and the same call resumes. `baseline` adds one
    greedy pass per problem, `progress` shows how the batch goes on. `models` holds models that are
    open already by their role (`model`, `judge`, ...), such as `its.testing.FakeModel`.

    Raises ConfigurationError at once, and EndpointError, InputError and RunDirectoryError when
    the iteration begins.
    """
    if pipeline is None or isinstance(pipeline, str):
        if model is None and models and "model" in models:
            model = models["model"].name
        pipeline = load_pipeline(pipeline, model=model, base_url=base_url)
    session = Session(pipeline, run=run, fresh=fresh, baseline=baseline, models=models)
    return Solving(problems, session, progress)


class Solving:
    """The solutions of a batch as they finish: iterate over it once.

    `result` holds the accounts once the iteration has ended.
    """

    def __init__(self, problems: Problems, session: Session, progress: bool = False) -> None:
        self._problems = problems
        self._session = session
        self._progress = progress
        self._summary: str | None = None

    @property
    def result(self) -> RunResult | None:
        return self._session.result

    def _repr_html_(self) -> str | None:
        """How a notebook shows it: a small table once the iteration has ended."""
        return self._summary

    async def __aiter__(self) -> AsyncGenerator[Solution]:
        async with self._session as session:
            solutions = session.solve(self._problems, progress=self._progress)
            try:
                async with aclosing(solutions):
                    async for solution in solutions:
                        yield solution
            finally:
                self._summary = _summary_of(session.directory.path)

    def __iter__(self) -> Iterator[Solution]:
        """Runs the batch on a loop of its own in a thread, so that it works in a notebook too."""
        relay = _Relay(self)
        try:
            yield from relay
        finally:
            relay.stop()


def _summary_of(run: Path) -> str | None:
    from its.report.reading import read_run_data
    from its.report.summary import summary_html

    try:
        data = read_run_data(run)
    except RunDirectoryError:  # nothing was solved
        return None
    return summary_html(data.name, data.outcomes, data.accounts)


class _Relay:
    """Hands solutions from the batch's thread to a plain loop, in the order in which they come."""

    def __init__(self, solving: Solving) -> None:
        self._solving = solving
        self._solutions: queue.Queue[Solution | BaseException | None] = queue.Queue(_WAITING)
        self._runner = asyncio.Runner()
        self._collecting: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="its", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Solution]:
        while (solution := self._solutions.get()) is not None:
            if isinstance(solution, BaseException):
                raise solution
            yield solution

    def stop(self) -> None:
        """Leave what is in progress to a later call with the same run, and wait for its end."""
        if (collecting := self._collecting) is not None:
            self._runner.get_loop().call_soon_threadsafe(collecting.cancel)
        while self._thread.is_alive():
            with suppress(queue.Empty):
                while True:
                    self._solutions.get_nowait()
            self._thread.join(_JOINING)

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            with self._runner:
                self._runner.run(self._collect())
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # raised again where the caller iterates
            end = error
        self._solutions.put(end)

    async def _collect(self) -> None:
        self._collecting = asyncio.current_task()
        try:
            async with aclosing(aiter(self._solving)) as solutions:
                async for solution in solutions:
                    if self._solutions.full():
                        await asyncio.to_thread(self._solutions.put, solution)
                    else:
                        self._solutions.put_nowait(solution)
        finally:
            self._collecting = None
