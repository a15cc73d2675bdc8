"""What a question asks for, and so in which form it is answered: by its kind, else by its looks."""

from __future__ import annotations

import re
from typing import Literal, get_args

from its.problems.problem import AnswerKind, Question

Task = Literal["number", "choice", "code", "text"]
TASKS: tuple[Task, ...] = get_args(Task)
_BY_KIND: dict[AnswerKind, Task] = {
    "number": "number",
    "expression": "number",
    "choice": "choice",
    "code": "code",
    "text": "text",
}
_LANGUAGE = r"(?:python|javascript|typescript|java|rust|golang|c\+\+|sql|bash)\b"
_CODE = (
    re.compile(r"^(?:from [\w.]+ import |import \w|(?:async )?def \w+\s*\(|class \w+.*:$)", re.M),
    re.compile(rf"\b(?:write|implement|complete|create|fix)\b[^.?!]{{0,120}}\b{_LANGUAGE}", re.I),
    re.compile(rf"\b{_LANGUAGE} (?:function|program|script|class|method|code)", re.I),
    re.compile(r"\b(?:write|implement|complete)\b[^.?!]{0,60}\b(?:program|script|method)\b", re.I),
)
_CHOICES = re.compile(
    r"(?:^|\s)\(?A[).:]\s?\S[\s\S]{0,400}?\s\(?B[).:]\s?\S[\s\S]{0,400}?\s\(?C[).:]\s?\S"
)
_PROSE = re.compile(
    r"\s*(?:please )?(?:write|compose|draft|explain|describe|discuss|summari[sz]e|translate|"
    r"paraphrase|rewrite|outline)\b",
    re.I,
)


def task_of(question: Question) -> Task:
    """The form that fits. A number or an expression where nothing speaks for another one: it
    suits every question with a short answer."""
    if question.choices:
        return "choice"
    if question.kind != "auto":
        return _BY_KIND[question.kind]
    text = question.text
    if any(pattern.search(text) for pattern in _CODE):
        return "code"
    if _CHOICES.search(text):
        return "choice"
    if _PROSE.match(text) and not any(character.isdigit() for character in text):
        return "text"
    return "number"


def kind_of(question: Question) -> AnswerKind:
    """The kind by which an answer is read: what was said, else code or text where the question
    looks like it, else whatever is found."""
    task = task_of(question)
    if question.kind == "auto" and task in ("code", "text"):
        return "code" if task == "code" else "text"
    return question.kind
