"""What the commands that run a batch share: a session, its display and its output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from its.errors import OutputError, RunInterrupted
from its.problems.problem import BadLine, Problem
from its.runs.batch import Solves
from its.runs.emission import Emission, to_nobody
from its.runs.loop import run_loop
from its.runs.run import RunResult
from its.session import Session
from its.views.opening import resume_line
from its.views.progress import Progress

if TYPE_CHECKING:
    from its.problems.reading import ProblemReader
    from its.views.messages import Messages

PATIENCE = 3.0
"""Seconds until an endpoint that does not answer is worth a word."""

READER_LEFT = 141
"""Exit code where the reader of standard output has closed it."""


@dataclass(frozen=True, slots=True)
class BatchOutput:
    """Where rows go besides the run directory: standard output, optionally in input order."""

    emits: bool
    ordered: bool = False


def run_command(
    session: Session,
    reader: ProblemReader,
    messages: Messages,
    output: BatchOutput,
    finish: Callable[[Session, RunResult], None],
    *,
    rows: Callable[[Iterator[Problem | BadLine]], Iterator[Problem | BadLine]] = iter,
    solver: Callable[[Session], Solves] | None = None,
    total: int | None = None,
    by_worker: bool = False,
) -> int:
    """Solve everything that `reader` reads, show how it goes on, and return the exit code.

    `rows` may turn what was read into other problems; `solver` makes what solves them in place of
    the pipeline; `finish` says what there is to say at the end; `by_worker` shows each worker.
    """

    async def command() -> int:
        loop = asyncio.get_running_loop()
        patience = loop.call_later(PATIENCE, messages.say, "Waiting for the endpoint to answer ...")
        async with AsyncExitStack() as stack:
            stack.callback(patience.cancel)
            await stack.enter_async_context(session)
            patience.cancel()
            result, emission = await batch(loop)
            if emission is not None and emission.closed:
                return READER_LEFT
            finish(session, result)
            if emission is not None and emission.failure is not None:
                raise _not_written(emission.failure, session)
        abandoned = emission is not None and emission.abandoned
        return RunInterrupted.exit_code if abandoned else exit_code(result)

    async def batch(loop: asyncio.AbstractEventLoop) -> tuple[RunResult, Emission | None]:
        active = session.active
        if session.directory.resumed:
            finished = active.journal.count_finished()
            messages.say(resume_line(session.directory.path, finished, total))
        with Progress(active, reader, messages, total, by_worker) as progress:
            emission = (
                Emission(
                    sys.stdout.buffer,
                    output.ordered,
                    partial(_stop, loop, progress),
                )
                if output.emits
                else None
            )
            result = None
            try:
                result = await session.run(
                    rows(reader),
                    emission.emit if emission else to_nobody,
                    watch=progress.watch,
                    solver=solver(session) if solver else None,
                    total=total,
                    interruptible=True,
                )
            finally:
                if emission is not None:
                    await emission.finish(interrupted=result is None or result.interrupted)
        return result, emission

    return run_loop(command())


def _not_written(failure: OSError, session: Session) -> OutputError:
    return OutputError(
        f"standard output could not be written: {failure.strerror or failure}; "
        f"the rows are all in {session.directory.path}"
    )


def _stop(loop: asyncio.AbstractEventLoop, progress: Progress) -> None:
    """End the batch, from the thread that writes rows: they have no reader any more."""
    loop.call_soon_threadsafe(progress.stop)


def exit_code(result: RunResult) -> int:
    if result.interrupted:
        return RunInterrupted.exit_code
    statuses = result.standing.statuses
    return 3 if statuses["failed"] or statuses["unanswered"] else 0
