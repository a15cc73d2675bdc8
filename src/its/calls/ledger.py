"""The run's bill as it grows. Every charge of a run passes `charge`, and nothing else counts."""

from __future__ import annotations

from dataclasses import dataclass, field

from its.calls.journal import State
from its.usage import Usage


@dataclass(slots=True)
class Ledger:
    """What this session sent (`charged`) and what it took from the journal (`replayed`)."""

    charged: Usage = field(default_factory=Usage)
    replayed: Usage = field(default_factory=Usage)
    in_flight: int = 0
    retries: int = 0
    cancelled: int = 0
    failed_calls: int = 0

    def charge(self, usage: Usage, state: State) -> None:
        self.charged = self.charged + usage
        self.cancelled += state == "cancelled"
        self.failed_calls += state == "failed"

    def replay(self, usage: Usage) -> None:
        self.replayed = self.replayed + usage
