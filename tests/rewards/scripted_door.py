"""A door whose replies are a function of what is asked, and which remembers all that was sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from its.errors import BudgetExhausted, CallError, PermanentCallError
from its.models.protocol import Capabilities, Completion, Request
from its.models.watching import Watches
from its.problems.problem import Message


@dataclass
class ScriptedDoor:
    """`reply(text, label)` gives a text, a Completion, or None for a call that fails."""

    reply: Callable[[str, str], str | Completion | None]
    capabilities: Capabilities = field(default_factory=Capabilities)
    budget: int | None = None
    sent: list[tuple[str, Request]] = field(default_factory=list)

    @property
    def remaining(self) -> int | None:
        return None if self.budget is None else self.budget - len(self.sent)

    def request(self, messages: Sequence[Message], **settings: Any) -> Request:
        settings["max_tokens"] = settings.get("max_tokens") or 100
        if settings.get("temperature") is None:
            settings["temperature"] = 0.8
        return Request(tuple(messages), **settings)

    async def complete(self, request: Request, label: str) -> Completion:
        if self.remaining == 0:
            raise BudgetExhausted("no completion is left")
        assert label not in [other for other, _ in self.sent], f"label {label} was used twice"
        self.sent.append((label, request))
        reply = self.reply(request.messages[-1].content, label)
        if reply is None:
            raise PermanentCallError("the endpoint refused it")
        return Completion(reply, "end") if isinstance(reply, str) else reply

    def to(self, model: str, strategy: str | None = None) -> ScriptedDoor:
        """This door: there is no other model."""
        return self

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        results: list[Completion | CallError] = []
        for label in labels:
            try:
                results.append(await self.complete(request, label))
            except CallError as error:
                results.append(error)
        return results

    def note(self, event: str, **fields: Any) -> None:
        pass
