"""A worker: solves problems of a run in this process, with models and an event loop of its own.

It asks and answers through the same door as a run of one process. Journal, limits and circuits
are the run's (see `its.ray.remote`), and what a worker does not have it asks for once a turn.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from its.calls.client import ModelClient
from its.calls.context import CallContext
from its.calls.ledger import Ledger
from its.errors import ConfigurationError, ItsError
from its.models.protocol import Capabilities, RemoteModel
from its.pipeline.broken import internal_error
from its.pipeline.clients import GRADING, open_models, own_roles
from its.pipeline.config import Pipeline
from its.problems.problem import Problem
from its.ray.link import Link
from its.ray.messages import (
    Ended,
    FromWorker,
    Handout,
    Learned,
    Row,
    Setup,
    Spent,
    Standing,
    ToWorker,
)
from its.ray.remote import (
    LeasedSlots,
    RemoteBatchBudget,
    RemoteCircuit,
    RemoteJournal,
    RemoteRate,
)
from its.runs.assembly import allow_open_files, assemble, open_comparer, plan_of
from its.runs.loop import SELDOM
from its.runs.probing import know
from its.runs.windows import WINDOW
from its.runs.written import written

HEARTBEAT = 1.0
"""Seconds after which a worker says how it stands though nothing has come up."""

PACE = 0.002
"""Seconds between two turns at least: what comes up meanwhile shares a message."""

OWN_PACE = 0.02
"""The same where a model runs in the worker itself: a message takes time of the processors that
the model needs, and a call is not waited for anywhere else."""

_LEAST_ROOM = 2


def place() -> str:
    """How this process is named to people: its machine and its number there."""
    return f"{socket.gethostname()} ({os.getpid()})"


class Worker:
    """Open it with `open_worker`; then give it the run's messages, one after the other."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._pipeline = Pipeline.model_validate(setup.pipeline)
        self._stack = AsyncExitStack()
        self._link = Link()
        self._journal = RemoteJournal(self._link, Path(setup.directory))
        self._ledger = Ledger()
        self._tasks: dict[bytes, asyncio.Task[None]] = {}
        self._slots: dict[str, LeasedSlots] = {}
        self._circuits: dict[str, RemoteCircuit] = {}
        self._learned: dict[str, Capabilities | None] = {}
        self._batch_budget = RemoteBatchBudget(self._link)
        self._pace = OWN_PACE if own_roles(self._pipeline) else PACE
        self._next_turn = 0.0

    async def enter(self) -> None:
        """Open models and solver. Raises ConfigurationError."""
        self._models = open_models(self._pipeline)
        self._stack.push_async_callback(self._models.close)
        for role, client in self._models.clients.items():
            self._join(role, client)
        plan = plan_of(self._pipeline, self._models)
        comparer = await self._stack.enter_async_context(open_comparer(self._pipeline))
        clients = self._models.clients
        context = CallContext(self._journal, self._pipeline.seed, clients, self._ledger)
        self._solver = assemble(
            plan,
            self._models,
            context,
            comparer,
            baseline=self._setup.baseline,
            shared=self._batch_budget if self._draws_together else None,
        )
        allow_open_files(sum(client.slots.ceiling for client in clients.values()))

    def _join(self, role: str, client: ModelClient) -> None:
        """Put the run's limits in the place of the client's own."""
        link = self._link
        know(client, Capabilities.of(self._setup.capabilities[role]))
        self._learned[role] = _known(client)
        self._slots[role] = client.slots = LeasedSlots(role, link, client.slots.ceiling)
        self._circuits[role] = RemoteCircuit(role, link, client.circuit.patience)
        client.circuit = self._circuits[role]
        requests, tokens = client.requests_per_minute, client.tokens_per_minute
        client.requests_per_minute = RemoteRate(role, "requests", link, limited=requests.limited)
        client.tokens_per_minute = RemoteRate(role, "tokens", link, limited=tokens.limited)

    @property
    def _draws_together(self) -> bool:
        """Whether all problems of a window have to be in progress at once."""
        return self._pipeline.budget.batch is not None

    async def turn(self, message: ToWorker) -> FromWorker:
        """Take what the run says, and return what has come up, as soon as something has."""
        self._receive(message)
        loop = asyncio.get_running_loop()
        await self._link.something(HEARTBEAT)
        if (wait := self._next_turn - loop.time()) > 0:
            await asyncio.sleep(wait)
        self._next_turn = loop.time() + self._pace
        self._tell_learned()
        entries, questions, signals, ended = self._link.take()
        return FromWorker(entries, questions, signals, ended, self._standing())

    def wake(self) -> None:
        """The run has something to say: end the turn."""
        self._link.wake()

    async def close(self) -> None:
        """End all problems in progress, whatever they wait for; the run hears no more of them."""
        self._link.close()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await self._stack.aclose()

    # --- what the run says ----------------------------------------------------------------------

    def _receive(self, message: ToWorker) -> None:
        self._link.arrived()
        for role, state in message.circuits.items():
            self._circuits[role].know(state)
        for number, said in message.answers:
            self._link.answered(number, said)
        for role, limit in message.leases.items():
            self._slots[role].lease(limit)
        self._batch_budget.overspent = message.overspent
        if message.closed:
            self._solver.context.admission.close()
        for key in message.dropped:
            if key in self._tasks:
                self._tasks[key].cancel()
        for handout in message.handouts:
            key = handout.problem.key
            self._journal.begin(key, handout)
            self._tasks[key] = asyncio.ensure_future(self._solve(key, handout))

    async def _solve(self, key: bytes, handout: Handout) -> None:
        try:
            self._link.end(await self._row(key, handout.problem))
        except asyncio.CancelledError:
            self._link.end(Ended(key, None))
        except ItsError as error:
            self._link.end(Ended(key, error))
        except Exception as error:
            self._link.end(Ended(key, internal_error(error)))
        finally:
            del self._tasks[key]
            self._journal.end(key)

    async def _row(self, key: bytes, problem: Problem) -> Row:
        solved = await self._solver.solve(problem)
        row = written(solved, key, bare=self._pipeline.bare_rows)
        return Row(key, row.line, row.trace, self._solver.histories.pop(key, None))

    # --- how it stands --------------------------------------------------------------------------

    def _standing(self) -> Standing:
        limits = sum(slots.limit for role, slots in self._slots.items() if role != GRADING)
        return Standing(
            room=(WINDOW if self._draws_together else max(2 * limits, _LEAST_ROOM))
            - len(self._tasks),
            in_flight=self._ledger.in_flight,
            spent=self._spent(),
            waiting=dict(self._solver.context.waiting.reasons),
            demands={role: slots.demand for role, slots in self._slots.items()},
            closed=self._solver.context.admission.closed,
        )

    def _spent(self) -> Spent:
        """What has been spent since the last turn."""
        taken = self._ledger.taken()
        counts = (taken.retries, taken.cancelled, taken.failed_calls)
        return Spent(taken.charged, taken.replayed, *counts)

    def _tell_learned(self) -> None:
        for role, client in self._models.clients.items():
            if (known := _known(client)) is not None and known is not self._learned[role]:
                self._learned[role] = known
                self._link.tell(Learned(role, known.as_dict()))


async def open_worker(setup: Setup) -> Worker:
    """A worker for this run. Raises ConfigurationError where this process cannot be one."""
    gc.set_threshold(*SELDOM)
    with suppress(OSError):
        os.chdir(setup.working_directory)
    _check_environment(setup)
    worker = Worker(setup)
    try:
        await worker.enter()
    except BaseException:
        await worker.close()
        raise
    return worker


def _check_environment(setup: Setup) -> None:
    missing = [name for name in setup.variables if not os.environ.get(name)]
    if missing:
        raise ConfigurationError(
            f"the worker on {socket.gethostname()} has no {', '.join(missing)} in its "
            "environment: set it there before Ray is started, since keys travel in no message"
        )


def _known(client: ModelClient) -> Capabilities | None:
    return client.model.capabilities if isinstance(client.model, RemoteModel) else None
