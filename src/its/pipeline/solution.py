"""The row that a problem becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from its.usage import Usage

Status = Literal["answered", "unanswered", "failed"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One greedy pass beside the pipeline, for comparison."""

    answer: str | None
    correct: bool | None
    usage: Usage

    def as_dict(self) -> dict[str, Any]:
        return {
            "answer": self.answer,
            "correct": self.correct,
            "usage": _usage_fields(self.usage),
        }


_PLAIN = (
    "answer",
    "solution",
    "confidence",
    "strategy",
    "correct",
    "difficulty",
    "verified",
    "question",
    "reference",
    "grading",
    "model",
)


@dataclass(frozen=True, slots=True)
class Solution:
    """One problem's outcome. `correct` is None where nothing says what is right, and `grading`
    says what gave the verdict; `planned` and `spent` are completions; `seconds` is how long the
    problem took, waiting included; `verified` says whether the answer passed its check, None where
    none was made. Where several models share a stage, `model` wrote the solution, and `models`
    counts the candidates of each."""

    id: str
    index: int
    status: Status
    answer: str | None = None
    solution: str | None = None
    confidence: float | None = None
    strategy: str | None = None
    correct: bool | None = None
    difficulty: int | None = None
    planned: int | None = None
    spent: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    error: str | None = None
    baseline: Baseline | None = None
    question: str | None = None
    reference: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    grading: Mapping[str, Any] | None = None
    verified: bool | None = None
    model: str | None = None
    models: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Solution:
        """A solution from its line in `solutions.jsonl`."""
        baseline = row.get("baseline")
        plain = {name: row.get(name) for name in _PLAIN}
        return cls(
            id=row["id"],
            index=row["index"],
            status=row["status"],
            planned=row["budget"]["planned"],
            spent=row["budget"]["spent"],
            usage=Usage(**row["usage"]),
            seconds=row["seconds"],
            error=row["error"],
            metadata=row.get("metadata") or {},
            models=row.get("models") or {},
            baseline=None
            if baseline is None
            else Baseline(baseline["answer"], baseline["correct"], Usage(**baseline["usage"])),
            **plain,
        )

    def as_dict(self) -> dict[str, Any]:
        """The line in `solutions.jsonl`."""
        row: dict[str, Any] = {
            "id": self.id,
            "index": self.index,
            "status": self.status,
            "question": self.question,
            "reference": self.reference,
            "metadata": dict(self.metadata),
            "answer": self.answer,
            "solution": self.solution,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "strategy": self.strategy,
            "correct": self.correct,
            "grading": self.grading,
            "difficulty": self.difficulty,
            "budget": {"planned": self.planned, "spent": self.spent},
            "usage": _usage_fields(self.usage),
            "seconds": round(self.seconds, 3),
            "error": self.error,
        }
        if self.models:
            row |= {"model": self.model, "models": dict(self.models)}
        if self.verified is not None:
            row["verified"] = self.verified
        if self.baseline is not None:
            row["baseline"] = self.baseline.as_dict()
        return row


def _usage_fields(usage: Usage) -> dict[str, Any]:
    return {
        "calls": usage.calls,
        "completions": usage.completions,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
        "completion_tokens": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usd": usage.usd,
    }
