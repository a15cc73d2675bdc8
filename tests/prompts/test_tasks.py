"""Which form a question is answered in: by its kind, and where that is unknown by its looks."""

from __future__ import annotations

import pytest

from its.problems.problem import AnswerKind, Question
from its.prompts import kind_of, task_of

LOOKS = {
    "number": [
        "Natalia sold 48 clips in April and half as many in May. How many did she sell?",
        "What is the capital of France?",
        "Find the function f with f(x + 1) = f(x) + 2 and f(0) = 1.",
        "Write 0.25 as a fraction.",
        "Explain how many of the 12 eggs are left when 5 are eaten.",
        "Let A. be a set. Is 3 in it?",
    ],
    "choice": [
        "Which is a prime? (A) 4 (B) 5 (C) 6",
        "Which is a prime?\nA) 4\nB) 5\nC) 6\nD) 8",
        "Which is a prime?\nA. four\nB. five\nC. six",
    ],
    "code": [
        'def add(a: int, b: int) -> int:\n    """Add them."""\n',
        "from typing import List\n\n\ndef f(xs: List[int]) -> int:\n    ...",
        "Write a Python function that reverses a list.",
        "Implement a method that adds two numbers.",
        "Write a program that prints the first ten primes.",
        "Complete this JavaScript: const f = (x) =>",
    ],
    "text": [
        "Explain why the sky is blue.",
        "Please summarize the story of Cinderella.",
        "Write a short poem on autumn.",
        "Translate into German: good morning",
    ],
}


@pytest.mark.parametrize(
    ("task", "text"), [(task, text) for task, texts in LOOKS.items() for text in texts]
)
def test_by_its_looks(task: str, text: str) -> None:
    assert task_of(Question(text)) == task


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        ("number", "number"),
        ("expression", "number"),
        ("choice", "choice"),
        ("code", "code"),
        ("text", "text"),
    ],
)
def test_the_kind_comes_before_the_looks(kind: AnswerKind, task: str) -> None:
    for texts in LOOKS.values():
        assert task_of(Question(texts[0], kind=kind)) == task


def test_choices_make_a_choice() -> None:
    assert task_of(Question("Write a Python function", choices=("a", "b"))) == "choice"


def test_code_and_text_are_read_as_they_were_asked_for() -> None:
    assert kind_of(Question(LOOKS["code"][0])) == "code"
    assert kind_of(Question(LOOKS["text"][0])) == "text"
    assert kind_of(Question(LOOKS["number"][0])) == "auto"
    assert kind_of(Question(LOOKS["code"][0], kind="number")) == "number"
