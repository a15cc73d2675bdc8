"""What calls write into a journal, as plain values: they travel between processes, too."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, NamedTuple

from its.calls.journal_rows import USAGE_COLUMNS, Intent, State
from its.usage import Usage

_values_of = attrgetter(*USAGE_COLUMNS)


class Sent(NamedTuple):
    """A call is about to be sent."""

    number: int
    columns: tuple[Any, ...]

    @classmethod
    def of(cls, number: int, intent: Intent) -> Sent:
        return cls(number, intent.columns())


class Ended(NamedTuple):
    """How a call ended, what it cost, and what it brought."""

    number: int
    state: State
    reply: bytes | None
    error: str | None
    usage: tuple[Any, ...]

    @classmethod
    def of(cls, number: int, state: State, usage: Usage, reply: bytes | None, error: str) -> Ended:
        return cls(number, state, reply, error or None, _values_of(usage))


class Lost(NamedTuple):
    """A call whose end nobody will see: who made it is gone. Its estimate stands."""

    number: int


class Decided(NamedTuple):
    """A decision that a resumed run must repeat."""

    problem: bytes
    name: str
    value: str


Entry = Sent | Ended | Lost | Decided
