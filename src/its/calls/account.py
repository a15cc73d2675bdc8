"""One problem's account: its budget, what earlier sessions recorded for it, its bill, its story."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from its.calls.budget import Budget, Cap
from its.calls.journal_rows import RecordedCall
from its.usage import Usage, UsageSum, total


class Account:
    """Opened when a problem starts, closed with its row.

    `usage` is the problem's bill: every call of every session but those lost to a kill, which the
    run carries as unattributed. `spent` (in the budget) counts replayed completions too, so that
    a resumed run decides alike.
    """

    def __init__(
        self,
        problem: bytes,
        priority: int,
        recorded: Sequence[RecordedCall],
        decisions: dict[str, str],
    ) -> None:
        self.problem = problem
        self.priority = priority
        self.decisions = decisions
        self.budget = Budget(Cap())
        self._stages: dict[str, UsageSum] = {}
        for call in recorded:
            if call.billed:
                self.charge(call.usage, call.stage)
        self.events: list[dict[str, Any]] = []
        self.deadline: float | None = None
        self._replies = {
            (call.stage, label): (call, position)
            for call in recorded
            if call.delivered
            for position, label in enumerate(call.labels)
        }
        self._prompts: dict[bytes, int] = {}
        self._first_draws: dict[str, int] = {}
        self._draws = 0

    def open_budget(self, cap: Cap, seconds: float | None, parent: Budget | None = None) -> None:
        """Set what this problem may spend, within a larger budget if there is one, and by when
        (from now)."""
        self.budget = Budget(cap, parent)
        self.deadline = None if seconds is None else time.monotonic() + seconds

    def postpone_deadline(self, seconds: float) -> None:
        """Time in which this problem waited for others does not count."""
        if self.deadline is not None:
            self.deadline += seconds

    def recorded(self, stage: str, label: str, identity: bytes) -> tuple[RecordedCall, int] | None:
        """The call of an earlier session that answers this label with this very content."""
        found = self._replies.get((stage, label))
        return found if found is not None and found[0].identity == identity else None

    def number_draw(self, stage: str, label: str) -> int | None:
        """The number of an independent answer among all of this problem: those of a stage follow
        those of the stages before it. None for a label that is no plain number, and so no such."""
        if not label.isdecimal():
            return None
        draw = self._first_draws.setdefault(stage, self._draws) + int(label)
        self._draws = max(self._draws, draw + 1)
        return draw

    def charge(self, usage: Usage, stage: str) -> None:
        spent = self._stages.get(stage)
        if spent is None:
            spent = self._stages[stage] = UsageSum()
        spent.add(usage)

    @property
    def usage(self) -> Usage:
        return total(spent.usage for spent in self._stages.values())

    def usage_of(self, stage: str) -> Usage:
        """What the calls of a stage cost, those of earlier sessions included."""
        spent = self._stages.get(stage)
        return Usage() if spent is None else spent.usage

    def note(self, event: str, **fields: Any) -> dict[str, Any]:
        """Append an event; its place is where it was asked for, its fields may follow."""
        entry = {"seq": len(self.events), "time": round(time.time(), 3), "event": event, **fields}
        self.events.append(entry)
        return entry

    def note_prompt(self, digest: bytes, messages: Any) -> int:
        """Write a prompt into the story once; returns its number in this problem."""
        number = self._prompts.get(digest)
        if number is None:
            number = len(self._prompts)
            self._prompts[digest] = number
            self.note("prompt", prompt=number, messages=messages)
        return number
