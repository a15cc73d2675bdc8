"""The door as strategies and rewards see it: ask, and be charged for it. And what a door itself
needs of a run, which may be held in another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from its.calls.journal_rows import Intent, RecordedCall, State
from its.errors import CallError
from its.models.protocol import Capabilities, Completion, Request
from its.models.watching import Watches
from its.problems.problem import Message
from its.usage import Usage


class Door(Protocol):
    """Every call to a model passes here. A door is bound to one problem, stage and model.

    A call's identity is (problem, stage, `label`, content): a label names the call inside its
    stage ("3", "critique/2") and never depends on timing. The door fills in the seed from that
    identity, so that a repeated label with the same content is the same call.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def remaining(self) -> int | None:
        """Completions that this stage may still ask for; None without such a cap."""
        ...

    def request(
        self,
        messages: Sequence[Message],
        *,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        logprobs: int | None = None,
        continues: str = "",
        json_schema: Mapping[str, Any] | None = None,
        scored: str = "",
    ) -> Request:
        """A request with the model's configured sampling wherever nothing else is said."""
        ...

    async def complete(self, request: Request, label: str) -> Completion:
        """Ask once. Raises BudgetExhausted before sending what no longer fits, and CallError
        when the call failed after its retries. Cancelling the task cancels the call."""
        ...

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        """Ask the same thing once for every label, together, in one call where the endpoint
        honours `n`. A failure takes only its own place in the list.

        `watches` look at the completions while they are written. What they cut is charged as
        cancelled, and comes with the finish that they gave it, from the journal too.
        """
        ...

    def to(self, model: str, strategy: str | None = None) -> Door:
        """The door of the same problem, stage and budget to another model of the run, by its
        role; its calls are billed to `strategy` where that is said."""
        ...

    def note(self, event: str, **fields: Any) -> None:
        """Write an event of this stage into the trace."""
        ...


class CallJournal(Protocol):
    """The journal as calls write it: what was sent before it is sent, what came back before it is
    used. `directory` names the run in errors."""

    directory: Path

    def number_call(self) -> int:
        """The next call's number."""
        ...

    async def intend(self, number: int, intent: Intent) -> None:
        """Record that a call is about to be sent; returns once that is durable."""
        ...

    async def settle(
        self, number: int, state: State, usage: Usage, reply: bytes | None, error: str = ""
    ) -> None:
        """Record how a call ended; returns once that is durable."""
        ...

    async def decide(self, problem: bytes, name: str, value: str) -> None:
        """Record a decision that a resumed run must repeat."""
        ...

    def calls_of(self, problem: bytes) -> list[RecordedCall]:
        """Every call that earlier sessions made for a problem, in the order sent."""
        ...

    def decisions_of(self, problem: bytes) -> dict[str, str]: ...


class RateLimit(Protocol):
    """A rate per minute: reserved before sending, reconciled after."""

    @property
    def limited(self) -> bool: ...

    async def take(self, amount: float) -> None:
        """Wait until the amount is there."""
        ...

    def give_back(self, amount: float) -> None:
        """Return what was reserved and not used."""
        ...


class CircuitBreaker(Protocol):
    """Lets calls pass while an endpoint works, and ends the run once it plainly will not."""

    patience: float

    @property
    def paused(self) -> bool: ...

    @property
    def troubled(self) -> bool:
        """Whether something has failed since the last success, or nothing has succeeded yet."""
        ...

    @property
    def verdict(self) -> str | None:
        """Why the run has to stop; None while it may go on."""
        ...

    def check(self) -> None:
        """Raises EndpointError once the run has to stop."""
        ...

    async def passing(self, call: int) -> None:
        """Wait until this call may go. Raises EndpointError once the run has to stop."""
        ...

    def left(self, call: int) -> None:
        """Tell that a call is over, however it ended."""
        ...

    def succeeded(self) -> None: ...

    def failed(self, error: CallError, call: int = 0) -> None:
        """Take a failed attempt into account; raises EndpointError when the run has to stop."""
        ...
