"""The run's side: hands problems out, writes the journal for all workers, and holds the limits.

What a worker says in a turn is durable before it is answered, so no worker waits for more than
one commit, and none goes on with what could be lost.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import orjson

from its.calls.entries import Decided, Ended, Entry, Lost, Sent
from its.calls.ledger import Ledger
from its.errors import BudgetExhausted, EndpointError, ItsError
from its.models.protocol import Capabilities, RemoteModel
from its.pipeline.broken import BrokenElsewhere
from its.problems.problem import Problem
from its.ray import messages
from its.ray.leases import share_slots
from its.ray.member import Job, Member
from its.ray.stakes import Stakes
from its.runs.run import ActiveRun
from its.runs.workers import WorkerShare
from its.runs.written import WrittenRow

_WITHDRAWAL = 5.0
"""Seconds that a worker gets to end a problem that is not wanted any more."""
_PATIENCE = 15.0
"""Seconds that problems which draw together wait for more workers."""
_HISTORIES = 20_000


class Coordinator:
    """Solves problems by workers (see `runs.workers.RemoteSolver`). `expected` is how many workers
    there are or will be; of the models with the roles `own` every worker has one for itself."""

    def __init__(self, run: ActiveRun, expected: int, own: frozenset[str] = frozenset()) -> None:
        self.expected = expected
        self._own = own
        self._run = run
        self._clients = run.models.clients
        self._queue: deque[Job] = deque()
        self._members: list[Member] = []
        self._failure: ItsError | None = None
        self._changed = time.monotonic()
        self._stakes = None if run.shared is None else Stakes(run.shared)
        run.context.admission.watch(self._push_all)

    # --- problems -------------------------------------------------------------------------------

    async def solve(self, problem: Problem) -> WrittenRow:
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        job = Job(problem, asyncio.get_running_loop().create_future())
        self._queue.append(job)
        self._hand_out()
        try:
            return await job.row
        except asyncio.CancelledError:
            await self._withdraw(job)
            raise

    def fail(self, error: ItsError) -> None:
        """End the run: nothing can be solved any more."""
        self._failure = self._failure or error
        for job in [*self._queue, *(job for each in self._members for job in each.jobs.values())]:
            if not job.row.done():
                job.row.set_exception(error)

    async def _withdraw(self, job: Job) -> None:
        if job in self._queue:
            self._queue.remove(job)
        if (member := job.member) is None:
            return
        member.dropped.append(job.problem.key)
        member.push()
        with suppress(TimeoutError):
            await asyncio.wait_for(job.gone.wait(), _WITHDRAWAL)

    def _hand_out(self) -> None:
        """Give waiting problems to the workers that have room, evenly: nobody takes so many that
        the others would have nothing to do."""
        closed = self._run.context.admission.closed
        while self._queue and not closed and (ready := [m for m in self._ready if m.room > 0]):
            all_of_them = len(self._queue) + sum(len(member.jobs) for member in self._members)
            most = -(-all_of_them // self._sharers)
            member = min(ready, key=lambda member: len(member.jobs))
            if len(member.jobs) >= most:
                return
            job = self._queue.popleft()
            key, journal = job.problem.key, self._run.journal
            job.member = member
            member.jobs[key] = job
            calls, decisions = journal.calls_of(key), journal.decisions_of(key)
            member.handouts.append(messages.Handout(job.problem, calls, decisions))
            member.push()

    @property
    def _sharers(self) -> int:
        """Among how many workers the problems are divided. Problems that share one budget have to
        be in progress together, so they do not wait for ever for workers that do not come."""
        if self._run.shared is not None and time.monotonic() > self._changed + _PATIENCE:
            return max(1, len(self._ready))
        return max(1, self.expected)

    # --- workers --------------------------------------------------------------------------------

    @property
    def shares(self) -> Sequence[WorkerShare]:
        return [member.share for member in self._members]

    @property
    def concurrency(self) -> int:
        return sum(
            client.slots.ceiling * (self.expected if role in self._own else 1)
            for role, client in self._clients.items()
        )

    @property
    def _ready(self) -> list[Member]:
        return [member for member in self._members if member.share.state == "ready"]

    def join(self, place: str, wake: Callable[[], None]) -> Member:
        member = Member(WorkerShare(len(self._members) + 1, place, "ready"), wake)
        self._members.append(member)
        self._change()
        self._share_slots()
        return member

    def _change(self) -> None:
        self._changed = time.monotonic()
        if self._run.shared is not None:
            asyncio.get_running_loop().call_later(_PATIENCE + 0.1, self._hand_out)

    def message_to(self, member: Member) -> messages.ToWorker:
        circuits = {
            role: messages.CircuitState(
                client.circuit.paused, client.circuit.troubled, client.circuit.verdict
            )
            for role, client in self._clients.items()
        }
        overspent = self._run.shared is not None and not self._run.shared.budget.holds()
        return member.say(circuits, self._run.context.admission.closed, overspent)

    async def heard(self, member: Member, message: messages.FromWorker) -> None:
        """Take what a worker has said; returns once it is durable. Raises RunDirectoryError."""
        member.in_turn = False
        if message.entries:
            await self._run.journal.record(self._numbered(member, message.entries))
        for signal in message.signals:
            self._take_signal(member, signal)
        for number, question in message.questions:
            answering = asyncio.ensure_future(self._answer(member, number, question))
            member.answering[number] = answering
        member.standing = message.standing
        member.count(calls=sum(isinstance(entry, Ended) for entry in message.entries))
        for ended in message.ended:
            self._end(member, ended)
        self._charge(message.standing.spent)
        self._stand()
        self._share_slots()
        self._hand_out()

    async def lose(self, member: Member) -> None:
        """A worker is gone: what it was asked to solve is handed out again, with all that is
        recorded of it by now, and its calls in flight are lost."""
        member.share = replace(member.share, state="lost", in_flight=0)
        for answering in member.answering.values():
            answering.cancel()
        for role, call in member.passing:
            self._clients[role].circuit.left(_id(member, call))
        member.standing, member.leases = None, {}
        self._run.journal.has_history = True
        await self._run.journal.record([Lost(number) for number in member.numbers.values()])
        member.numbers.clear()
        jobs, member.jobs = list(member.jobs.values()), {}
        for job in reversed(jobs):
            job.member = None
            job.gone.set()
            if not job.row.done():
                if self._stakes is not None:
                    self._stakes.start_again(job.problem.key)
                self._queue.appendleft(job)
        self._change()
        self._stand()
        self._share_slots()
        self._hand_out()

    # --- what workers say -----------------------------------------------------------------------

    def _numbered(self, member: Member, entries: Sequence[Entry]) -> list[Entry]:
        """The entries, with the run's own numbers of calls."""
        numbered: list[Entry] = []
        for entry in entries:
            match entry:
                case Sent(number, columns):
                    own = member.numbers[number] = self._run.journal.number_call()
                    numbered.append(Sent(own, columns))
                case Ended():
                    own = member.numbers.pop(entry.number)
                    numbered.append(entry._replace(number=own))
                case Decided() | Lost():
                    numbered.append(entry)
        return numbered

    def _take_signal(self, member: Member, signal: messages.Signal) -> None:
        if isinstance(signal, messages.Settled):
            if self._stakes is not None:
                self._stakes.settle(signal)
            return
        client = self._clients[signal.role]
        match signal:
            case messages.Delivered(seconds=seconds):
                client.slots.succeeded(seconds)
            case messages.Overloaded():
                client.slots.overloaded()
            case messages.Succeeded():
                client.circuit.succeeded()
            case messages.Failed(error=error, call=call):
                with suppress(EndpointError):  # workers are told, and end the problems with it
                    client.circuit.failed(error, _id(member, call))
            case messages.Left(role=role, call=call):
                number = member.passing.pop((role, call), None)
                if number in member.answering:
                    member.answering[number].cancel()
                client.circuit.left(_id(member, call))
            case messages.GiveBack(kind="requests", amount=amount):
                client.requests_per_minute.give_back(amount)
            case messages.GiveBack(amount=amount):
                client.tokens_per_minute.give_back(amount)
            case messages.Learned(capabilities=found):
                if isinstance(client.model, RemoteModel):
                    client.model.know(Capabilities.of(found))

    async def _answer(self, member: Member, number: int, question: messages.Question) -> None:
        said: messages.Answer = None
        try:
            match question:
                case messages.Take(role, "requests", amount):
                    await self._clients[role].requests_per_minute.take(amount)
                case messages.Take(role, amount=amount):
                    await self._clients[role].tokens_per_minute.take(amount)
                case messages.Pass(role, call):
                    member.passing[role, call] = number
                    await self._clients[role].circuit.passing(_id(member, call))
                case messages.Draw() | messages.Reserve():
                    assert self._stakes is not None
                    said = await self._stakes.answer(question)
        except (EndpointError, BudgetExhausted) as error:
            said = error.with_traceback(None)
        finally:
            member.answering.pop(number, None)
        member.answers.append((number, said))
        member.push()

    def _end(self, member: Member, ended: messages.Row | messages.Ended) -> None:
        job = member.jobs.pop(ended.problem, None)
        if job is None:
            return
        job.gone.set()
        if self._stakes is not None:
            self._stakes.leave(ended.problem)
        member.count(problems=isinstance(ended, messages.Row))
        if job.row.done():
            return
        match ended:
            case messages.Row(key, line, trace, history):
                histories = self._run.solver.histories
                if history is not None and len(histories) < _HISTORIES:
                    histories[key] = history
                job.row.set_result(WrittenRow(orjson.loads(line), line, trace))
            case messages.Ended(reason=ItsError() as error):
                job.row.set_exception(error)
            case messages.Ended(reason=reason):
                job.row.set_exception(BrokenElsewhere(reason or "the worker has ended"))

    # --- the run's figures and limits -----------------------------------------------------------

    def _charge(self, spent: messages.Spent) -> None:
        taken = Ledger(retries=spent.retries)
        taken.charge(spent.charged, "done")
        taken.replay(spent.replayed)
        taken.cancelled, taken.failed_calls = spent.cancelled, spent.failed_calls
        self._run.context.ledger.add(taken)

    def _stand(self) -> None:
        """Sum up how the workers stand. Where no call may begin any more, one that has not heard
        of it yet counts as busy."""
        closed = self._run.context.admission.closed
        standings = [m.standing for m in self._ready if m.standing is not None]
        waiting: Counter[str] = Counter()
        for standing in standings:
            waiting.update(standing.waiting)
        self._run.context.waiting.elsewhere = waiting
        self._run.context.ledger.stand_at(
            sum(max(s.in_flight, closed and not s.closed) for s in standings)
        )

    def _share_slots(self) -> None:
        for role, client in self._clients.items():
            ready = self._ready
            each = role in self._own
            share_slots(role, client.slots.limit * (len(ready) if each else 1), ready)

    def _push_all(self) -> None:
        self._stand()
        for member in self._ready:
            member.push()


def _id(member: Member, call: int) -> int:
    """A call's number among those of all workers."""
    return (member.share.number << 64) | call
