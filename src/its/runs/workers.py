"""Where problems are solved when it is not in this process, as a run sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from its.problems.problem import Problem
from its.runs.written import WrittenRow


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """One worker and what it has done: problems with a row, and calls that have ended."""

    number: int
    place: str
    state: Literal["ready", "lost"]
    problems: int = 0
    calls: int = 0
    in_flight: int = 0


class RemoteSolver(Protocol):
    """Has problems solved by workers."""

    @property
    def shares(self) -> Sequence[WorkerShare]: ...

    @property
    def concurrency(self) -> int:
        """Most calls in flight at once."""
        ...

    async def solve(self, problem: Problem, /) -> WrittenRow:
        """The row, once every call behind it is in the journal. Cancelling it ends the problem
        where it is solved, too."""
        ...
