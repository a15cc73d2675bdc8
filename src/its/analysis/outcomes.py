"""A problem's row as figures read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from its.usage import Usage

Status = Literal["answered", "unanswered", "failed"]
_USAGE = frozenset(each.name for each in fields(Usage))


@dataclass(frozen=True, slots=True)
class BaselineOutcome:
    """What one greedy pass beside the pipeline answered."""

    answer: str | None
    correct: bool | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class ProblemOutcome:
    """One problem's result. None where the row does not say."""

    id: str
    index: int
    status: Status
    answer: str | None = None
    confidence: float | None = None
    strategy: str | None = None
    correct: bool | None = None
    difficulty: int | None = None
    planned: int | None = None
    spent: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    error: str | None = None
    question: str | None = None
    reference: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    baseline: BaselineOutcome | None = None
    grading: Mapping[str, Any] | None = None

    @property
    def graded(self) -> bool:
        """Whether it can be said if the answer is right."""
        return self.correct is not None or (
            self.baseline is not None and self.baseline.correct is not None
        )


def outcome_of(row: Mapping[str, Any]) -> ProblemOutcome:
    """The outcome in a line of `solutions.jsonl`."""
    budget, baseline = row.get("budget") or {}, row.get("baseline")
    metadata = row.get("metadata")
    return ProblemOutcome(
        id=row["id"],
        index=row["index"],
        status=row["status"],
        answer=row["answer"],
        confidence=row["confidence"],
        strategy=row["strategy"],
        correct=row["correct"],
        difficulty=row["difficulty"],
        planned=budget.get("planned"),
        spent=budget.get("spent") or 0,
        usage=usage_of(row["usage"]),
        seconds=row["seconds"],
        error=row["error"],
        question=row.get("question"),
        reference=row.get("reference"),
        metadata=metadata if isinstance(metadata, dict) else {},
        grading=row.get("grading"),
        baseline=None
        if not baseline
        else BaselineOutcome(baseline["answer"], baseline["correct"], usage_of(baseline["usage"])),
    )


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """A usage from the plain numbers of a row; what a row does not hold counts as nothing."""
    return Usage(**{name: value for name, value in counts.items() if name in _USAGE})
