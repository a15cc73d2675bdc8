"""Asking a judge softly: a call that came to nothing is an abstention."""

from __future__ import annotations

from its.calls.protocol import Door
from its.errors import CallError
from its.models.protocol import Completion, Request


async def ask(door: Door, request: Request, label: str) -> Completion | None:
    """The completion, or None where the call failed or no longer fitted the budget."""
    try:
        return await door.complete(request, label)
    except CallError:
        return None


async def ask_many(door: Door, request: Request, labels: list[str]) -> list[Completion | None]:
    """The same question once a label; None in the place of a call that came to nothing."""
    try:
        replies = await door.complete_many(request, labels)
    except CallError:
        return [None] * len(labels)
    return [None if isinstance(reply, CallError) else reply for reply in replies]
