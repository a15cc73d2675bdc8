"""What a run and its workers tell each other: one message a turn in each direction.

A worker's message says everything that has come up since the one before; the answer to it says
that all of that is durable, and brings what the run has for the worker. Nothing in them is secret:
a worker takes keys from its own environment.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any, NamedTuple

from its.allocation.returns import History
from its.allocation.shared_budget import DrawnSamples
from its.calls.budget import Amount
from its.calls.entries import Entry
from its.calls.journal_rows import RecordedCall
from its.errors import CallError, ItsError
from its.problems.problem import Problem
from its.usage import Usage


class Setup(NamedTuple):
    """All that a worker needs to solve problems as the run would. `capabilities` are those that
    the run's probe found, by role; `variables` are names of the environment that must be set."""

    pipeline: Mapping[str, Any]
    baseline: bool
    capabilities: Mapping[str, Mapping[str, Any]]
    directory: str
    working_directory: str
    variables: tuple[str, ...]


class Hello(NamedTuple):
    """A worker is ready, or why it cannot be."""

    place: str
    process: int
    error: ItsError | None = None


# --- from a worker ----------------------------------------------------------------------------


class Take(NamedTuple):
    """May so much be sent, by a rate per minute? `kind` is `requests` or `tokens`."""

    role: str
    kind: str
    amount: float


class Pass(NamedTuple):
    """May this call be sent while the endpoint of the role is held back?"""

    role: str
    call: int


class Draw(NamedTuple):
    """How many samples may the problem draw now, by the batch's budget?"""

    problem: bytes
    drawn: DrawnSamples


class Reserve(NamedTuple):
    """May the problem spend so much of the batch's budget?"""

    problem: bytes
    bound: Amount


Question = Take | Pass | Draw | Reserve


class GiveBack(NamedTuple):
    """What was taken from a rate and not used."""

    role: str
    kind: str
    amount: float


class Delivered(NamedTuple):
    """A call has been answered after so many seconds."""

    role: str
    seconds: float


class Overloaded(NamedTuple):
    """The endpoint asked for fewer calls at once."""

    role: str


class Succeeded(NamedTuple):
    """A call has succeeded where others may have failed before."""

    role: str


class Failed(NamedTuple):
    """A call has failed."""

    role: str
    error: CallError
    call: int


class Left(NamedTuple):
    """A call that had asked to pass is over."""

    role: str
    call: int


class Learned(NamedTuple):
    """What an endpoint has shown of itself by refusing a call."""

    role: str
    capabilities: Mapping[str, Any]


class Settled(NamedTuple):
    """What was reserved of the batch's budget has cost so much; without `bound`, nothing was."""

    problem: bytes
    actual: Amount
    bound: Amount | None


Signal = GiveBack | Delivered | Overloaded | Succeeded | Failed | Left | Learned | Settled


class Row(NamedTuple):
    """A problem's row as it is written, and what its samples were worth."""

    problem: bytes
    line: bytes
    trace: bytes
    history: History | None


class Ended(NamedTuple):
    """A problem that ended without a row: it was dropped (None), it met what ends the run, or an
    unexpected exception, which is described."""

    problem: bytes
    reason: ItsError | str | None


class Demand(NamedTuple):
    """How a worker's slots for one model stand: what it may use, uses, and waits for."""

    limit: int
    in_use: int
    waiting: int


class Spent(NamedTuple):
    """What has been added to the bill since the message before."""

    charged: Usage
    replayed: Usage
    retries: int
    cancelled: int
    failed_calls: int


class Standing(NamedTuple):
    """How a worker stands. `room` is how many more problems it would take."""

    room: int
    in_flight: int
    spent: Spent
    waiting: Mapping[str, int]
    demands: Mapping[str, Demand]
    closed: bool


class FromWorker(NamedTuple):
    entries: list[Entry]
    questions: list[tuple[int, Question]]
    signals: list[Signal]
    ended: list[Row | Ended]
    standing: Standing


# --- to a worker ------------------------------------------------------------------------------


class Handout(NamedTuple):
    """A problem, with all that is recorded of it."""

    problem: Problem
    calls: list[RecordedCall]
    decisions: dict[str, str]


class CircuitState(NamedTuple):
    """`paused`: calls must ask before they are sent; `troubled`: successes are worth telling;
    `verdict`: why the run has to stop."""

    paused: bool = False
    troubled: bool = True
    verdict: str | None = None


Answer = int | ItsError | None
"""So many samples; why not; or just yes."""


class ToWorker(NamedTuple):
    """`answers` are those to questions; `overspent`: more than the batch's budget is spent."""

    handouts: list[Handout]
    dropped: list[bytes]
    answers: list[tuple[int, Answer]]
    leases: dict[str, int]
    circuits: dict[str, CircuitState]
    closed: bool
    overspent: bool


Message = Setup | Hello | FromWorker | ToWorker


def encode(message: Message) -> bytes:
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def decode(content: bytes) -> Any:
    """A message from the other side. Both are processes of one run, of one version."""
    return pickle.loads(content)
