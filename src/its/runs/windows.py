"""A batch that shares one budget: its problems draw together, a window of them at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from its.allocation.shared_budget import SharedBudget
from its.calls.budget import Amount
from its.calls.journal import Journal
from its.grading import Grader
from its.grading.by_model import ModelGrader
from its.problems.problem import BadLine, Problem
from its.runs.batch import Batch, Emit, Solves

WINDOW = 512
"""Problems that draw together. More would learn more from each other and wait longer."""

SHUFFLED = 32
"""Windows of a file that are read ahead and shuffled, so that memory does not grow with it."""

Row = tuple[int, Problem | BadLine]


class WindowedBatch(Batch):
    """Takes problems a window at a time: a stream in the order of the input, a file shuffled.

    Windows cannot trade budget, so each should hold easy and hard problems alike; files are often
    sorted by just that. The order is that of a hash of the problems, the same in every run. A
    window with any row missing draws again as a whole: what it had drawn comes from the journal,
    so that its rounds grant the same. `total` is the number of problems, None for a stream.
    """

    def __init__(
        self,
        solver: Solves,
        journal: Journal,
        emit: Emit,
        shared: SharedBudget,
        total: int | None,
        grader: Grader | None = None,
        *,
        bare: bool = False,
        model_grader: ModelGrader | None = None,
    ) -> None:
        super().__init__(
            solver, journal, emit, WINDOW, grader, bare=bare, model_grader=model_grader
        )
        self._shared = shared
        self._total = total

    async def _feed(self, problems: AsyncIterator[Problem | BadLine]) -> None:
        rows: list[Row] = []
        most = WINDOW if self._total is None else WINDOW * SHUFFLED
        async for row in problems:
            rows.append((self.standing.read, row))
            self.standing.read += 1
            if len(rows) == most:
                await self._draw_all(rows)
                rows = []
        self.standing.input_ended = True
        await self._draw_all(rows)

    async def _draw_all(self, rows: list[Row]) -> None:
        if self._total is not None:
            rows.sort(key=lambda numbered: numbered[1].key)
        for start in range(0, len(rows), WINDOW):
            waiting = max(0, len(rows) - start - WINDOW)
            await self._draw(rows[start : start + WINDOW], waiting)

    async def _draw(self, window: list[Row], waiting: int) -> None:
        """Let a window draw; `waiting` problems are read and come after it."""
        missing = [(position, row) for position, row in window if not self._recorded(row)]
        if not missing:
            for position, row in window:
                self._spend_recorded(row)
                if self._is_stale(row):
                    await self._room.acquire()
                    self._start(row, position)
                else:
                    self._emit_recorded(row, position)
            await self._all_ended()
            return
        problems = [row.key for _, row in window if isinstance(row, Problem)]
        self._shared.open_window(problems, self._unseen(waiting))
        for position, row in window:
            await self._room.acquire()
            self._start(row, position)
        await self._all_ended()

    def _unseen(self, waiting: int) -> int | None:
        if self.standing.input_ended:
            return waiting
        if self._total is None:
            return None
        return waiting + max(0, self._total - self.standing.read)

    def _spend_recorded(self, row: Problem | BadLine) -> None:
        """What a finished window spent still counts against the whole."""
        recorded = self._journal.solution_of(row.key) if isinstance(row, Problem) else None
        if recorded is not None:
            usage = recorded.fields["usage"]
            tokens = (usage["prompt_tokens"] or 0) + (usage["completion_tokens"] or 0)
            spent = Amount(usage["completions"], tokens, usage["usd"] or 0.0)
            self._shared.budget.charge(spent)
