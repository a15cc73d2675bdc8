"""Reading the answers that a reference accepts. Only grading does this."""

from __future__ import annotations

from typing import Any

from its.answers.extraction import extract
from its.candidates import Answer
from its.problems.problem import AnswerKind


def accepted_answers(reference: Any, kind: AnswerKind = "auto") -> list[Answer]:
    """The right answers a reference holds; none where it cannot be compared: tests, a program, or
    a worked solution of several lines that marks no final answer.

    Understood: a number, true or false, a text that is the answer, a worked solution that ends in
    `#### 72` or `\\boxed{…}`, and a list of these, each of which is right.
    """
    if kind == "literal" and not isinstance(reference, str) and reference is not None:
        return [Answer(repr(reference), "literal")]
    if isinstance(reference, list):
        return [answer for item in reference for answer in accepted_answers(item, kind)]
    if isinstance(reference, bool):
        words = ("true", "yes") if reference else ("false", "no")
        return [Answer(word, "exact" if kind == "exact" else "text") for word in words]
    if isinstance(reference, int | float):
        return [Answer(_digits(reference), "exact" if kind == "exact" else "number")]
    written = _written(reference.strip(), kind) if isinstance(reference, str) else None
    return [] if written is None else [written]


def _digits(reference: int | float) -> str:
    try:
        return str(reference)
    except ValueError:  # more digits than Python writes
        return hex(reference) if isinstance(reference, int) else repr(reference)


def _written(reference: str, kind: AnswerKind) -> Answer | None:
    """The final answer that a worked solution marks, else a text of one line as it stands."""
    if kind in ("exact", "literal"):
        return Answer(reference, kind)
    if "####" in reference or "\\boxed" in reference or "\\fbox" in reference:
        return extract(reference, kind)
    if (
        not reference
        or kind == "code"
        or reference.startswith("assert ")
        or (kind != "text" and "\n" in reference)
    ):
        return None
    return Answer(reference, kind if kind in ("choice", "text") else "expression")
