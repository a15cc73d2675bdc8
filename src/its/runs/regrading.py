"""A finished run graded again, without a call: rows, journal and figures change, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from its.calls.journal import Journal
from its.grading import Grader, GradingSettings, is_stale, regrade
from its.grading.agreement import Agreement
from its.problems.problem import Problem, Question
from its.runs.directory import read_description
from its.runs.trust import refuse_foreign, refuse_incomplete

_TOGETHER = 32


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose verdict or answer is another one now."""

    id: str
    answer: str | None
    answer_before: str | None
    correct: bool | None
    correct_before: bool | None
    by: str | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "answer": {"was": self.answer_before, "now": self.answer},
            "correct": {"was": self.correct_before, "now": self.correct},
            "by": self.by,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Regraded:
    """All rows as they are now, and what changed. `kept` counts rows that nothing at hand could
    grade again: their problems are not in the file, and their rows do not hold all they need."""

    rows: tuple[dict[str, Any], ...]
    changes: tuple[Change, ...]
    kept: int

    @property
    def agreement(self) -> Agreement:
        """A grading model's verdicts against exact grades."""
        agreement = Agreement()
        for row in self.rows:
            agreement.add(row)
        return agreement


async def regrade_run(
    path: Path,
    problems: Mapping[str, Problem],
    settings: GradingSettings,
    *,
    read_again: bool,
    write: bool = True,
) -> Regraded:
    """Grade every row against its problem (or, where it is missing, what the row itself holds)."""
    refuse_foreign(path)
    refuse_incomplete(path, read_description(path))
    journal = Journal(path)
    try:
        async with settings.comparer() as comparer:
            grader = Grader(comparer, settings.kind)
            recorded = [(key, orjson.loads(row)) for key, row in journal.keyed_solutions()]
            rows: list[dict[str, Any]] = []
            kept = 0
            for start in range(0, len(recorded), _TOGETHER):
                part = recorded[start : start + _TOGETHER]
                asked = [problems.get(row["id"]) or _problem_in(row) for _, row in part]
                kept += sum(problem is None for problem in asked)
                new = await asyncio.gather(
                    *(
                        _again(row, problem, grader, read_again)
                        for (_, row), problem in zip(part, asked, strict=True)
                    )
                )
                for (key, before), row in zip(part, new, strict=True):
                    if write and row != before:
                        await journal.amend(
                            key, orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
                        )
                rows += new
        await journal.compact()
    finally:
        journal.close()
    return Regraded(tuple(rows), _changes([row for _, row in recorded], rows), kept)


async def _again(
    row: dict[str, Any], problem: Problem | None, grader: Grader, read_again: bool
) -> dict[str, Any]:
    if problem is None:
        return row
    return await regrade(row, problem, grader, read_again=read_again)


def _problem_in(row: Mapping[str, Any]) -> Problem | None:
    """The problem as far as its row holds it; None where it was graded by something else than a
    reference, or where the row is no problem's."""
    grading = row.get("grading")
    by = grading.get("by") if isinstance(grading, Mapping) else None
    reference = row.get("reference")
    if by not in (None, "reference", "recorded", "model") or reference is None:
        return None
    problem = Problem(row["id"], row["index"], Question(row.get("question") or ""), reference)
    return None if by == "recorded" or is_stale(row, problem) else problem


def _changes(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> tuple[Change, ...]:
    return tuple(
        Change(
            new["id"],
            new["answer"],
            old["answer"],
            new["correct"],
            old["correct"],
            (new.get("grading") or {}).get("by"),
            (new.get("grading") or {}).get("reason") or "",
        )
        for old, new in zip(before, after, strict=True)
        if (old["answer"], old["correct"]) != (new["answer"], new["correct"])
    )
