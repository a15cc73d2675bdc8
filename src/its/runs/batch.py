"""The batch: problems in, solved rows out, with a bounded window of problems in progress."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from its import __version__
from its.calls.journal import Journal
from its.calls.journal_rows import RecordedSolution
from its.errors import ItsError
from its.estimators import CalibrationError
from its.grading import Grader, is_stale, regrade
from its.grading.agreement import Agreement
from its.grading.by_model import ModelGrader
from its.pipeline.broken import broken
from its.pipeline.solving import bad_line
from its.problems.problem import BadLine, Problem
from its.runs.written import SolvedRow, WrittenRow, json_line, written
from its.usage import total

Emit = Callable[[int, bytes], None]
"""Takes the row of the problem that was read as the n-th of this session, as a JSON line."""

_BREATH = 256
_REASONS = 3
_BROKEN = "broken"


class Solves(Protocol):
    """Makes a row of every problem, and raises only what ends the run as a whole."""

    async def solve(self, problem: Problem, /) -> SolvedRow | WrittenRow: ...


@dataclass(slots=True)
class BatchProgress:
    """How the batch stands, for observers. `graded` counts rows with a reference, `correct`
    the right ones among them, `baseline_correct` those that the greedy pass got right; `recorded`
    rows came from an earlier session, `regraded` of them were graded again, and `changed` then had
    another verdict; `oracle` marks a run whose rows' own tests chose between candidates;
    `calibration` holds confidences against verdicts, `agreement` a grading model's verdicts
    against exact grades; `reasons` counts the failures of the first
    distinct reasons.
    """

    recorded: int = 0
    regraded: int = 0
    oracle: bool = False
    changed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    graded: int = 0
    correct: int = 0
    baseline_correct: int = 0
    calibration: CalibrationError = field(default_factory=CalibrationError)
    agreement: Agreement = field(default_factory=Agreement)
    reasons: dict[str, int] = field(default_factory=dict)
    under_way: int = 0
    read: int = 0
    input_ended: bool = False

    @property
    def done(self) -> int:
        return sum(self.statuses.values())

    def count(self, row: Mapping[str, Any]) -> None:
        self.statuses[row["status"]] += 1
        self.agreement.add(row)
        baseline = (row.get("baseline") or {}).get("correct")
        if row["correct"] is not None or baseline is not None:
            self.graded += 1
            self.correct += bool(row["correct"])
            if row.get("confidence") is not None and row["correct"] is not None:
                self.calibration.add(row["confidence"], row["correct"])
            self.baseline_correct += bool(baseline)
        reason = row["error"]
        if reason is not None and (reason in self.reasons or len(self.reasons) < _REASONS):
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


class Batch:
    """Solves every problem that has no finished row yet, and emits every row.

    `window` bounds the problems in progress, so that memory stays flat. With a `grader`, a recorded
    row whose problem has another reference or verifier by now is graded again. A `model_grader`
    grades what is solved, before its row is written. `bare` leaves what the input holds out of new
    rows.
    """

    def __init__(
        self,
        solver: Solves,
        journal: Journal,
        emit: Emit,
        window: int,
        grader: Grader | None = None,
        *,
        bare: bool = False,
        model_grader: ModelGrader | None = None,
    ) -> None:
        self.standing = BatchProgress()
        self._grader = grader
        self._bare = bare
        self._model_grader = model_grader
        self._solver = solver
        self._journal = journal
        self._emit = emit
        self._room = asyncio.Semaphore(window)
        self._tasks: set[asyncio.Task[None]] = set()
        self._feeding: asyncio.Task[None] | None = None
        self._stopped = False
        self._failure: BaseException | None = None

    async def run(self, problems: AsyncIterator[Problem | BadLine]) -> None:
        """Returns when every row is there, or after `stop`.

        Raises what ends a run as a whole (EndpointError, RunDirectoryError, InputError); what had
        been paid for is then in the journal.
        """
        self._feeding = asyncio.create_task(self._feed(problems))
        try:
            await self._feeding
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        finally:
            await self._cancel_rest()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Take no more problems, and leave those in progress to a later session."""
        self._stopped = True
        if self._feeding is not None:
            self._feeding.cancel()

    async def _feed(self, problems: AsyncIterator[Problem | BadLine]) -> None:
        position = 0
        async for row in problems:
            self.standing.read += 1
            if self._is_stale(row) or not self._emit_recorded(row, position):
                await self._room.acquire()
                self._start(row, position)
            position += 1
            if position % _BREATH == 0:
                await asyncio.sleep(0)
        self.standing.input_ended = True
        await self._all_ended()

    def _start(self, row: Problem | BadLine, position: int) -> None:
        task = asyncio.create_task(self._solve(row, position))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _all_ended(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _emit_recorded(self, row: Problem | BadLine, position: int) -> bool:
        """Emit the row of an earlier session; False where there is none, or a failed one."""
        recorded = self._recorded(row)
        if recorded is None:
            return False
        self.standing.recorded += 1
        self.standing.count(recorded.fields)
        self._emit(position, recorded.row)
        return True

    def _recorded(self, row: Problem | BadLine) -> RecordedSolution | None:
        """The finished row of an earlier session, None where there is none, or a failed one."""
        recorded = self._journal.solution_of(row.key)
        if recorded is None or (recorded.status == "failed" and self._tries_again(row)):
            return None
        return recorded

    def _tries_again(self, row: Problem | BadLine) -> bool:
        """A failed problem may do better now, unless it met an exception in this very program."""
        if not isinstance(row, Problem):
            return False
        return self._journal.decisions_of(row.key).get(_BROKEN) != __version__

    async def _solve(self, row: Problem | BadLine, position: int) -> None:
        if self._is_stale(row):
            await self._bring_up_to_date(row)
            self._emit_recorded(row, position)
            return
        self.standing.under_way += 1
        try:
            new = await self._row_of(row)
            if self._emit_recorded(row, position):
                return  # a finished row is never altered, though its window drew again
            status = new.fields["status"]
            await self._journal.finish(row.key, row.id, row.index, status, new.line, new.trace)
        finally:
            self.standing.under_way -= 1
        self.standing.count(new.fields)
        self._emit(position, new.line)

    async def _row_of(self, row: Problem | BadLine) -> WrittenRow:
        """A problem's row. An unexpected exception is the failed row of this problem alone; so is
        what cannot be written as JSON."""
        try:
            if not isinstance(row, Problem):
                return self._written(bad_line(row), row)
            solved = await self._solver.solve(row)
            new = solved if isinstance(solved, WrittenRow) else self._written(solved, row)
            if self._model_grader is None:
                return new
            fields = await self._model_grader.grade(new.fields, row)
            return replace(new, fields=fields, line=json_line(fields))
        except ItsError:
            raise
        except Exception as error:
            key = row.key
            await self._journal.decide(key, _BROKEN, __version__)
            self._journal.has_history = True
            billed = [call.usage for call in self._journal.calls_of(key) if call.billed]
            return self._written(broken(row, error, total(billed)), row)

    def _written(self, solved: SolvedRow, row: Problem | BadLine) -> WrittenRow:
        return written(solved, row.key, bare=self._bare)

    def _is_stale(self, row: Problem | BadLine) -> bool:
        """Whether a row is there that has another id by now, or is to be graded against or by
        something else."""
        recorded = self._recorded(row)
        if recorded is None:
            return False
        return recorded.has_moved(row.id, row.index) or self._grades_again(recorded.fields, row)

    def _grades_again(self, fields: Mapping[str, Any], row: Problem | BadLine) -> bool:
        if self._grader is None or not isinstance(row, Problem):
            return False
        asked = self._model_grader
        return is_stale(fields, row) or (asked is not None and asked.wants(fields, row))

    async def _bring_up_to_date(self, row: Problem | BadLine) -> None:
        recorded = self._recorded(row)
        if recorded is None:
            return
        before = recorded.fields
        if recorded.has_moved(row.id, row.index):
            before = before | {"id": row.id, "index": row.index}
            await self._journal.rename(row.key, row.id, row.index, json_line(before))
        if not self._grades_again(before, row):
            return
        assert self._grader is not None
        assert isinstance(row, Problem)
        after = await regrade(before, row, self._grader)
        if self._model_grader is not None:
            after = await self._model_grader.grade(after, row)
        await self._journal.amend(row.key, json_line(after))
        self.standing.regraded += 1
        self.standing.changed += before["correct"] != after["correct"]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self.stop()

    async def _cancel_rest(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
