"""The rows of the journal as typed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import orjson

from its.errors import RunDirectoryError
from its.usage import Usage

State = Literal["sent", "done", "failed", "cancelled", "lost"]
USAGE_COLUMNS = (
    "calls",
    "completions",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "usd",
    "flops",
    "seconds",
    "estimated_tokens",
)


class Intent(NamedTuple):
    """A call about to be sent: whose it is, what it asks, and what it will have cost if its end is
    never seen (an estimate of its prompt).

    `retry` counts the attempts at the same thing before this one.
    """

    problem: bytes
    stage: str
    strategy: str
    model: str
    labels: tuple[str, ...]
    identity: bytes
    retry: int
    request: bytes
    prompt_estimate: int
    usd_estimate: float | None = None

    def columns(self) -> tuple[Any, ...]:
        return (
            self.problem,
            self.stage,
            self.strategy,
            self.model,
            "\n".join(self.labels),
            self.identity,
            self.retry,
            self.request,
            self.prompt_estimate,
            self.usd_estimate,
            self.prompt_estimate,
        )


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call of an earlier session, as the journal holds it."""

    stage: str
    labels: tuple[str, ...]
    identity: bytes
    state: State
    reply: bytes | None
    usage: Usage

    @property
    def billed(self) -> bool:
        """Whether its problem's bill holds it: calls lost to a kill are the run's."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def delivered(self) -> bool:
        """Whether it brought completions: one that a watch stopped did, as far as they came."""
        return self.state == "done" or (self.state == "cancelled" and self.reply is not None)


_ROW = {"id", "status", "correct", "error", "usage"}


@dataclass(frozen=True, slots=True)
class RecordedSolution:
    """A row, and by which id the run knows it now: None where another problem has taken it."""

    status: str
    index: int
    row: bytes
    id: str | None

    def has_moved(self, id_: str, index: int) -> bool:
        """Whether its problem stands elsewhere in the input now. A line without an id is known by
        its content and named by its number, which a line above it changes."""
        return self.id != id_ or (self.status == "failed" and self.index != index)

    @property
    def fields(self) -> dict[str, Any]:
        """The row as plain data. Raises RunDirectoryError where it is damaged."""
        try:
            fields = orjson.loads(self.row)
        except orjson.JSONDecodeError:
            fields = None
        if not (isinstance(fields, dict) and fields.keys() >= _ROW):
            raise RunDirectoryError(
                "a recorded row of this run is damaged; --fresh starts over beside it"
            )
        return fields


@dataclass(frozen=True, slots=True)
class Spending:
    """A sum over `rows` attempts, `retries` of which were not the first at their thing."""

    stage: str
    strategy: str
    model: str
    state: State
    solved: bool
    rows: int
    retries: int
    usage: Usage


def spending_of(row: Sequence[Any]) -> Spending:
    stage, strategy, model, state, solved, rows, retries, *usage = row
    return Spending(stage, strategy, model, state, bool(solved), rows, retries, usage_of(usage))


def usage_of(values: Sequence[Any]) -> Usage:
    named = dict(zip(USAGE_COLUMNS, values, strict=True))
    for count in ("calls", "completions", "estimated_tokens", "seconds"):
        named[count] = named[count] or 0
    return Usage(**named)


def renamed(trace: bytes, id_: str) -> bytes:
    """The events of a problem, written under another id."""
    events = map(orjson.loads, trace.splitlines())
    lines = (orjson.dumps({**event, "problem": id_}) + b"\n" for event in events)
    return b"".join(lines)
