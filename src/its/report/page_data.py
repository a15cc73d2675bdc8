"""What the page shows of a run, as plain values. Figures are those of the analysis, unrounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from its.allocation.returns import History, last_part
from its.analysis.calibration import coverage, reliability
from its.analysis.comparison import Cost, RunComparison
from its.analysis.headline import Group, by_group, headline
from its.analysis.outcomes import ProblemOutcome
from its.analysis.returns import returns
from its.report.curve import RunCurve
from its.report.reading import RunData
from its.report.stories import Glimpse, Packed
from its.usage import Usage

QUESTIONS = 20_000_000
"""Characters of all questions together in the table of problems; each is cut to its part."""
SHORTEST, LONGEST = 60, 300
ERROR = 400


def run_content(run: RunData, curve: RunCurve, packed: Packed) -> dict[str, Any]:
    """Everything about one run but the texts of its stories."""
    glimpses = packed.glimpses
    histories = [History(g.classes) for g in glimpses.values() if g.classes]
    graded = [history for history in curve.histories if len(history.classes) > 1]
    reliable = reliability(run.outcomes)
    return {
        "name": run.name,
        "version": run.description.get("version"),
        "state": run.description.get("state"),
        "configuration": run.description.get("configuration"),
        "headline": asdict(headline(run.outcomes)),
        "accounts": run.accounts,
        "by_difficulty": _difficulties(run.outcomes),
        "curve": {
            "points": [point.as_dict() for point in curve.points],
            "orders": curve.orders,
            "note": curve.note,
        },
        "reliability": None if reliable is None else asdict(reliable),
        "coverage": [asdict(point) for point in coverage(run.outcomes)],
        "returns": [asdict(point) for point in returns(graded or histories)],
        "last_part": _last_part(graded or histories),
        "ceiling": _ceiling(run.outcomes, curve),
        "problems": _columns(run.outcomes, packed),
        "left_out": packed.left_out,
    }


def comparison_fields(comparison: RunComparison) -> dict[str, Any]:
    """A comparison as plain values."""
    fields = asdict(comparison)
    del fields["first_cost"], fields["second_cost"]
    return fields | {
        "costs": [_cost_fields(comparison.first_cost), _cost_fields(comparison.second_cost)]
    }


def _cost_fields(cost: Cost) -> dict[str, Any]:
    return _usage_fields(cost.usage) | {"seconds": round(cost.seconds, 3)}


def _usage_fields(usage: Usage) -> dict[str, Any]:
    """What a row holds of its usage; the rest stands in `compute.json` alone."""
    fields = usage.as_dict()
    return {
        name: fields[name]
        for name in ("calls", "completions", "prompt_tokens", "completion_tokens", "usd")
    } | {"tokens": usage.tokens}


def _difficulties(outcomes: Sequence[ProblemOutcome]) -> list[dict[str, Any]]:
    groups = by_group(outcomes, lambda outcome: outcome.difficulty)
    known = sorted(level for level in groups if level is not None)
    order: list[int | None] = [*known, *([None] if None in groups else [])]
    return [{"difficulty": level, **_group_fields(groups[level])} for level in order]


def _group_fields(group: Group) -> dict[str, Any]:
    return {
        "problems": group.problems,
        "share": asdict(group.share),
        **_usage_fields(group.usage),
        "seconds": round(group.seconds, 3),
    }


def _last_part(histories: Sequence[History]) -> str:
    if sum(len(history.classes) for history in histories) < 10:
        return ""
    return last_part(histories).in_words()


def _ceiling(outcomes: Sequence[ProblemOutcome], curve: RunCurve) -> dict[str, int] | None:
    """How many problems have a right answer among their independent samples."""
    if not curve.histories:
        return None
    right = sum(any(history.correct) for history in curve.histories)
    return {"right": right, "total": len(curve.histories)}


def _columns(outcomes: Sequence[ProblemOutcome], packed: Packed) -> dict[str, list[Any]]:
    """The table of problems by column, which compresses better than by row."""
    longest = max(SHORTEST, min(LONGEST, QUESTIONS // len(outcomes)))
    nothing = Glimpse()
    return {
        "id": [o.id for o in outcomes],
        "status": [o.status for o in outcomes],
        "correct": [o.correct for o in outcomes],
        "answer": [_cut(o.answer, LONGEST) for o in outcomes],
        "reference": [_cut(_plain(o.reference), LONGEST) for o in outcomes],
        "confidence": [o.confidence for o in outcomes],
        "difficulty": [o.difficulty for o in outcomes],
        "strategy": [o.strategy for o in outcomes],
        "planned": [o.planned for o in outcomes],
        "spent": [o.spent for o in outcomes],
        "calls": [o.usage.calls for o in outcomes],
        "tokens": [o.usage.tokens for o in outcomes],
        "usd": [o.usage.usd for o in outcomes],
        "seconds": [o.seconds for o in outcomes],
        "error": [_cut(o.error, ERROR) for o in outcomes],
        "greedy": [_greedy(o) for o in outcomes],
        "grading": [_grading(o) for o in outcomes],
        "metadata": [_metadata(o) for o in outcomes],
        "changed": [packed.glimpses.get(o.id, nothing).changed for o in outcomes],
        "question": [
            _cut(o.question or packed.glimpses.get(o.id, nothing).question, longest)
            for o in outcomes
        ],
        "chunk": [packed.places.get(o.id, -1) for o in outcomes],
    }


def _greedy(outcome: ProblemOutcome) -> list[Any] | None:
    baseline = outcome.baseline
    return None if baseline is None else [_cut(baseline.answer, LONGEST), baseline.correct]


def _grading(outcome: ProblemOutcome) -> list[str] | None:
    """What gave the verdict, and why."""
    grading = outcome.grading or {}
    told = [str(grading[name])[:ERROR] for name in ("by", "reason") if grading.get(name)]
    return told or None


def _metadata(outcome: ProblemOutcome) -> dict[str, Any] | None:
    """Fields that a person can filter by."""
    kept = {
        name: _cut(value, SHORTEST) if isinstance(value, str) else value
        for name, value in outcome.metadata.items()
        if isinstance(value, str | int | float | bool)
    }
    return kept or None


def _plain(reference: Any) -> str | None:
    if reference is None or isinstance(reference, str):
        return reference
    if isinstance(reference, list):
        return " or ".join(str(each) for each in reference)
    return str(reference)


def _cut(text: str | None, length: int) -> str | None:
    return text if text is None or len(text) <= length else text[: length - 1] + "…"
