"""What all doors of a run share, and one call as it passes through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from its.calls.account import Account
from its.calls.budget import Amount, Budget
from its.calls.client import ModelClient
from its.calls.ledger import Ledger
from its.calls.limits import Admission, Waiting
from its.calls.protocol import CallJournal
from its.models.protocol import Request
from its.models.watching import Watch


@dataclass(frozen=True, slots=True)
class CallContext:
    """`clients` are the models of the run by role."""

    journal: CallJournal
    seed: int
    clients: Mapping[str, ModelClient] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    waiting: Waiting = field(default_factory=Waiting)
    admission: Admission = field(default_factory=Admission)


class Call(NamedTuple):
    """One call: whose it is, what it asks (`content` is the request as JSON), its identity,
    the most that it can cost, an estimate of its prompt's tokens, and what makes the watches of an
    attempt at it (one for each label, or none)."""

    account: Account
    budget: Budget
    client: ModelClient
    stage: str
    strategy: str
    labels: tuple[str, ...]
    request: Request
    content: bytes
    identity: bytes
    bound: Amount
    prompt_estimate: int
    watches: tuple[Callable[[], Watch], ...] = ()
