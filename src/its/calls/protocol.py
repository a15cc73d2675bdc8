"""The door as strategies and rewards see it: ask, and be charged for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from its.errors import CallError
from its.models.protocol import Capabilities, Completion, Request
from its.problems.problem import Message


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
        self, request: Request, labels: Sequence[str]
    ) -> list[Completion | CallError]:
        """Ask the same thing once for every label, together, in one call where the endpoint
        honours `n`. A failure takes only its own place in the list."""
        ...

    def to(self, model: str, strategy: str | None = None) -> Door:
        """The door of the same problem, stage and budget to another model of the run, by its
        role; its calls are billed to `strategy` where that is said."""
        ...

    def note(self, event: str, **fields: Any) -> None:
        """Write an event of this stage into the trace."""
        ...
