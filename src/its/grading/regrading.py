"""A recorded row graded again, without a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from its.candidates import Answer
from its.grading.grader import Grade, Grader, grading_key
from its.problems.problem import Problem


def is_stale(row: Mapping[str, Any], problem: Problem) -> bool:
    """Whether a row was graded against another reference or verifier than its problem has now."""
    return grading_of(row).get("against") != grading_key(problem)


def grading_fields(grade: Grade, problem: Problem) -> dict[str, Any] | None:
    """What a row says of its grading: what gave the verdict, why, and against what (a key)."""
    key = grading_key(problem)
    if grade.by is None and key is None:
        return None
    return {"by": grade.by, "reason": grade.reason, "against": key}


async def regrade(
    row: Mapping[str, Any], problem: Problem, grader: Grader, *, read_again: bool = False
) -> dict[str, Any]:
    """The row with new verdicts, and the problem's reference and metadata as they are now.

    A verdict that was recorded with the sample, or given by a model, stays, unless the reference
    is another by now.
    `read_again` reads the answer out of the solution's text once more, for another kind of answer.
    """
    graded, grader = dict(row), grader.for_problem()
    if grading_of(row).get("by") == "recorded" and not is_stale(row, problem):
        return graded
    text = row.get("solution") or ""
    answer = _answer(row, problem, grader, read_again)
    declined = row.get("status") == "unanswered" and row.get("error") is None
    grade = await grader.grade(problem, answer, text, declined=declined)
    if read_again and row.get("status") == "answered" and answer is not None:
        graded["answer"] = answer.text
    if "metadata" in row:  # a bare row stays bare
        graded["reference"] = problem.reference
        graded["metadata"] = dict(problem.metadata) or row.get("metadata") or {}
    graded["correct"] = grade.correct
    graded["grading"] = grading_fields(grade, problem)
    baseline = row.get("baseline")
    if isinstance(baseline, Mapping):
        said = baseline.get("answer")
        kind = grader.kind_of(problem.question)
        given = Answer(said, kind) if isinstance(said, str) else None
        verdict = await grader.grade(problem, given, said or "")
        graded["baseline"] = {**baseline, "correct": verdict.correct}
    return _with_kept_verdict(graded, row, problem)


def with_verdict(
    row: Mapping[str, Any], verdict: Mapping[str, Any], decides: bool
) -> dict[str, Any]:
    """The row with a model's verdict, which `decides` or stands beside an exact grade."""
    grading = {**grading_of(row), "model": dict(verdict)}
    if not decides:
        return {**row, "grading": grading}
    grading |= {"by": "model", "reason": verdict["reason"]}
    return {**row, "correct": verdict["correct"], "grading": grading}


def grading_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a row says of its grading; empty where it says nothing."""
    grading = row.get("grading")
    return grading if isinstance(grading, Mapping) else {}


def _with_kept_verdict(
    graded: dict[str, Any], row: Mapping[str, Any], problem: Problem
) -> dict[str, Any]:
    """A model's verdict holds as long as the answer and what it was graded against are the same."""
    verdict = grading_of(row).get("model")
    same = graded.get("answer") == row.get("answer") and not is_stale(row, problem)
    if not same or not isinstance(verdict, Mapping):
        return graded
    decides = grading_of(row).get("by") == "model"
    if decides and row.get("baseline"):
        graded["baseline"] = row["baseline"]
    return with_verdict(graded, verdict, decides)


def _answer(
    row: Mapping[str, Any], problem: Problem, grader: Grader, read_again: bool
) -> Answer | None:
    recorded, text = row.get("answer"), row.get("solution")
    if not isinstance(recorded, str):
        return None
    read = grader.read(text, problem.question) if isinstance(text, str) else None
    if read is not None and (read_again or read.text == recorded):
        return read
    return None if read_again and text else Answer(recorded, grader.kind_of(problem.question))
