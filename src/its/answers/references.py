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
    if isinstance(reference, list):
        return [answer for item in reference for answer in accepted_answers(item, kind)]
    if isinstance(reference, bool):
        return [
            Answer(word, "text") for word in (("true", "yes") if reference else ("false", "no"))
        ]
    if isinstance(reference, int | float):
        return [Answer(str(reference), "number")]
    written = _written(reference.strip(), kind) if isinstance(reference, str) else None
    return [] if written is None else [written]


def _written(reference: str, kind: AnswerKind) -> Answer | None:
    """The final answer that a worked solution marks, else a text of one line as it stands."""
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
