"""Items to judge: a query, its responses, and which of them is right where that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from its.problems.problem import BadLine, Problem


def items(rows: Iterable[Problem | BadLine]) -> Iterator[Problem | BadLine]:
    """Problems whose line has `responses` and optionally a `label`, as items to judge.

    The responses become the question's choices, so that they are part of the item's identity, and
    the label (the number of the right response, from 0) its reference. A line without usable
    responses or label is a bad line.
    """
    for row in rows:
        yield _item(row) if isinstance(row, Problem) else row


def _item(problem: Problem) -> Problem | BadLine:
    metadata = problem.metadata
    responses, label = metadata.get("responses"), metadata.get("label")
    if not isinstance(responses, list) or not responses:
        return _bad(problem, "has no `responses`; give a list with at least one text")
    if not all(isinstance(response, str) for response in responses):
        return _bad(problem, "`responses` holds something else than text; give a list of texts")
    if label is not None and not _is_position(label, len(responses)):
        most = len(responses) - 1
        return _bad(problem, f"`label` must be the right response's number, from 0 to {most}")
    question = replace(problem.question, choices=tuple(responses), kind="text")
    return replace(problem, question=question, reference=label)


def _is_position(label: Any, count: int) -> bool:
    return type(label) is int and 0 <= label < count


def _bad(problem: Problem, reason: str) -> BadLine:
    return BadLine(problem.id, problem.index, f"line {problem.index + 1}: {reason}")
