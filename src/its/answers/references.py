"""Reading the answers that a reference accepts. Only grading does this."""

from __future__ import annotations

from typing import Any

from its.answers.extraction import extract
from its.candidates import Answer
from its.problems.problem import AnswerKind


def accepted_answers(reference: Any, kind: AnswerKind = "auto") -> list[Answer]:
    """The right answers a reference holds; none where it cannot be compared (say, with tests).

    Understood: a number, true or false, a text that is the answer, a worked solution that ends in
    `#### 72` or `\\boxed{…}`, and a list of these, each of which is right.
    """
    if isinstance(reference, list):
        return [answer for item in reference for answer in accepted_answers(item, kind)]
    if isinstance(reference, bool):
        words = ("true", "yes") if reference else ("false", "no")
        return [Answer(word, "text") for word in words]
    if isinstance(reference, int | float):
        return [Answer(str(reference), "number")]
    if not isinstance(reference, str) or not reference.strip():
        return []
    return [_from_text(reference, kind)]


def _from_text(reference: str, kind: AnswerKind) -> Answer:
    """The final answer of a worked solution, else the text as it stands."""
    if "####" in reference or "\\boxed" in reference or "\\fbox" in reference:
        found = extract(reference, kind)
        if found is not None:
            return found
    written: AnswerKind = kind if kind in ("choice", "code", "text") else "expression"
    return Answer(reference.strip(), written)
