"""One session of a run, from opened parts to the closing accounts."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from its.allocation.amounts import parse_amount
from its.allocation.shared_budget import SharedBudget
from its.calls.context import CallContext
from its.calls.journal import Journal
from its.calls.ledger import Ledger
from its.calls.limits import Waiting
from its.grading.by_model import ModelGrader
from its.models.protocol import Model
from its.pipeline.choosing import choosing_cost
from its.pipeline.clients import GRADING, OpenModels, open_models
from its.pipeline.plan import Plan
from its.pipeline.preflight import require
from its.pipeline.solving import Solver
from its.problems.problem import BadLine, Problem
from its.prompts import load_prompt_set
from its.runs.accounting import Accounting, account_for, shares_of
from its.runs.assembly import allow_open_files, assemble, open_comparer, plan_of
from its.runs.batch import Batch, BatchProgress, Emit, Solves
from its.runs.directory import RunDirectory, write_atomically
from its.runs.feed import Feed
from its.runs.loop import interrupt_politely
from its.runs.probing import endpoints_by_now, probe_all
from its.runs.windows import WindowedBatch
from its.runs.workers import RemoteSolver, WorkerShare

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

_SHARED_BUDGET = b"\1" * 16


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run while it goes on: all that a display or a signal may look at or touch. `shared` is one
    budget for the whole batch; `remote` solves the problems where that happens in other
    processes."""

    models: OpenModels
    context: CallContext
    solver: Solver
    journal: Journal
    directory: RunDirectory
    bare_rows: bool = False
    model_grader: ModelGrader | None = None
    shared: SharedBudget | None = None
    remote: RemoteSolver | None = None

    @property
    def ledger(self) -> Ledger:
        return self.context.ledger

    @property
    def waiting(self) -> Waiting:
        return self.context.waiting


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a session ended: where the batch stands, what the run has cost, whether the user
    stopped it, how long this session took by the clock, and what its workers did where it had
    any."""

    standing: BatchProgress
    accounting: Accounting
    interrupted: bool
    seconds: float = 0.0
    workers: tuple[WorkerShare, ...] = ()


@asynccontextmanager
async def start_run(
    pipeline: Pipeline,
    directory: RunDirectory,
    *,
    baseline: bool = False,
    given: Mapping[str, Model] | None = None,
) -> AsyncIterator[ActiveRun]:
    """Open journal and models, and ask each endpoint once what it can do (remembered in the run).

    `given` holds models that are open already, by role.
    Raises EndpointError where one cannot be used at all.
    """
    journal = Journal(directory.path, directory.fingerprint)
    models = open_models(pipeline, given)
    try:
        async with open_comparer(pipeline) as comparer:
            try:
                await probe_all(pipeline, models, journal, directory)
                require(pipeline, {role: c.capabilities for role, c in models.clients.items()})
            except BaseException:
                directory.describe(state="interrupted")
                raise
            context = CallContext(journal, pipeline.seed, models.clients)
            plan = plan_of(pipeline, models, given="model" in (given or {}))
            if plan.oracle:
                directory.describe(oracle=True)
            shared = _shared_budget(pipeline, plan, journal)
            solver = assemble(plan, models, context, comparer, baseline=baseline, shared=shared)
            grader = _model_grader(pipeline, models, solver)
            yield ActiveRun(
                models, context, solver, journal, directory, pipeline.bare_rows, grader, shared
            )
    finally:
        await models.close()
        journal.close()


async def run_batch(
    run: ActiveRun,
    problems: Iterator[Problem | BadLine],
    emit: Emit,
    watch: Callable[[Batch], None] = lambda batch: None,
    solver: Solves | None = None,
    total: int | None = None,
    interruptible: bool = True,
) -> RunResult:
    """Solve the batch (with the session's solver, or another), then write `compute.json` and the
    run's state. `total` is the number of problems where it is known.

    Where `interruptible`, the first Ctrl-C lets the calls in flight end and starts no other; a
    second one leaves at once. Either way the run can be resumed.
    """
    batch = _batch(run, solver, emit, total)
    batch.standing.oracle = run.solver.plan.oracle
    watch(batch)
    state, interrupted, started = "interrupted", False, time.monotonic()
    try:
        with _interruptible(run, batch, interruptible) as interruptions:
            await batch.run(Feed(problems))
        interrupted = bool(interruptions)
        state = "interrupted" if interrupted else "finished"
    finally:
        ended = await _close_accounts(run, batch.standing, state, interrupted)
    return replace(ended, seconds=time.monotonic() - started)


def _model_grader(pipeline: Pipeline, models: OpenModels, solver: Solver) -> ModelGrader | None:
    """The model that grades, where the pipeline names one. Its calls are in the journal; the run's
    ledger, which says what solving costs, does not count them."""
    if pipeline.grade is None:
        return None
    prompts = load_prompt_set(pipeline.grade.model.prompts or GRADING)
    context = replace(solver.context, ledger=Ledger())
    client = models.clients[GRADING]
    return ModelGrader(client, prompts, context, solver.grader, pipeline.grade.rows)


def _batch(run: ActiveRun, other: Solves | None, emit: Emit, total: int | None) -> Batch:
    own = sum(client.slots.ceiling for client in run.models.clients.values())
    concurrency = own if run.remote is None else run.remote.concurrency
    allow_open_files(concurrency)
    bare, shared, window = run.bare_rows, run.shared, 2 * concurrency
    if other is not None:
        return Batch(other, run.journal, emit, window, bare=bare)
    solver: Solves = run.remote or run.solver
    grader, asked = run.solver.grader, run.model_grader
    if shared is None:
        return Batch(solver, run.journal, emit, window, grader, bare=bare, model_grader=asked)
    return WindowedBatch(
        solver, run.journal, emit, shared, total, grader, bare=bare, model_grader=asked
    )


def _shared_budget(pipeline: Pipeline, plan: Plan, journal: Journal) -> SharedBudget | None:
    """One budget for the whole batch, where the pipeline sets one. Its grants are journaled."""
    if pipeline.budget.batch is None:
        return None

    async def remember(name: str, value: str) -> None:
        await journal.decide(_SHARED_BUDGET, name, value)

    return SharedBudget(
        parse_amount(pipeline.budget.batch),
        lambda answered: choosing_cost(plan, answered, answered),
        journal.decisions_of(_SHARED_BUDGET),
        remember,
    )


async def _close_accounts(
    run: ActiveRun, standing: BatchProgress, state: str, interrupted: bool
) -> RunResult:
    await run.journal.compact()
    accounting = account_for(run.journal.spending(), run.journal.savings())
    if any(stage.models for stage in run.solver.plan.stages):
        accounting.shares = shares_of(map(orjson.loads, run.journal.solutions()))
    write_atomically(
        run.directory.path / "compute.json",
        orjson.dumps(
            accounting.as_dict(run.ledger.replayed),
            option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
        ),
    )
    run.directory.describe(
        state=state,
        finished=round(time.time(), 3),
        statuses=dict(standing.statuses),
        endpoints=endpoints_by_now(run.models, run.directory),
    )
    workers = tuple(run.remote.shares) if run.remote is not None else ()
    return RunResult(standing, accounting, interrupted, workers=workers)


@contextmanager
def _interruptible(run: ActiveRun, batch: Batch, catch: bool) -> Iterator[list[int]]:
    """Where asked to, catch SIGINT and SIGTERM while the batch runs; yields the list of those
    caught."""
    loop = asyncio.get_running_loop()
    caught: list[int] = []
    draining: list[asyncio.Task[None]] = []

    async def drain() -> None:
        run.context.admission.close()
        await run.ledger.idle()
        if run.model_grader is not None:
            await run.model_grader.context.ledger.idle()
        batch.stop()

    def interrupt(number: int) -> None:
        caught.append(number)
        if len(caught) == 1:
            draining.append(asyncio.ensure_future(drain()))
        else:
            batch.stop()

    signals = (signal.SIGINT, signal.SIGTERM) if catch else ()
    for number in signals:
        loop.add_signal_handler(number, interrupt, number)
    try:
        yield caught
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        if catch:
            interrupt_politely()
        for task in draining:
            task.cancel()
