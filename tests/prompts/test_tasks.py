"""Which form a question is answered in: by its kind, and where that is unknown by its looks."""

from __future__ import annotations

import pytest

from its.problems.problem import AnswerKind, Question
from its.prompts import kind_of, task_of

LOOKS = {
    "number": [
        "Write how far the trains go before they meet.",
        "Design a garden with 5 trees in each row.",
        "Create a class schedule for 20 students. How many slots are there?",
        "Tom needs 5 hours to write a program, and Ann needs 3. How long together?",
        "Write a function that models the cost of n pens at $2.",
        "Write a quadratic function with roots 1 and 2.",
        "Java has 140 million people. How many is that for each square kilometre?",
        "Generate a 6-digit code.",
        "Solve both: (a) x + 1 = 2 (b) x - 1 = 2 (c) 2x = 4",
        "Where is D?\n[asy]\nimport three;\npair A = (0, 0);\n[/asy]",
        "Natalia sold 48 clips in April and half as many in May. How many did she sell?",
        "What is the capital of France?",
        "Find the function f with f(x + 1) = f(x) + 2 and f(0) = 1.",
        "Write 0.25 as a fraction.",
        "Explain how many of the 12 eggs are left when 5 are eaten.",
        "Let A. be a set. Is 3 in it?",
    ],
    "choice": [
        "Which of these is a mammal?\n(a) shark\n(b) whale\n(c) trout",
        "Which is better?\nA. one\nB. two",
        "Which is a prime? (A) 4 (B) 5 (C) 6",
        "Which is a prime?\nA) 4\nB) 5\nC) 6\nD) 8",
        "Which is a prime?\nA. four\nB. five\nC. six",
    ],
    "code": [
        "Write a function that returns the n-th Fibonacci number.",
        "Please write a function named `f` that doubles x.",
        "Can you implement a stack with push and pop?",
        "Write an SQL query for all users above 30.",
        "Fix this:\n```python\nprint('a'\n```",
        "What does it print?\n#include <stdio.h>\nint main() {}",
        "function add(a, b) {\n  // complete\n}",
        "Schreibe eine Python-Funktion, die zwei Zahlen addiert.",
        "How do I reverse a list in Python?",
        'def add(a: int, b: int) -> int:\n    """Add them."""\n',
        "from typing import List\n\n\ndef f(xs: List[int]) -> int:\n    ...",
        "Write a Python function that reverses a list.",
        "Implement a method that adds two numbers.",
        "Write a program that prints the first ten primes.",
        "Complete this JavaScript: const f = (x) =>",
    ],
    "text": [
        "Translate to German: I have 3 apples.",
        "Summarize this: in 1990, 3 people came.",
        "Prove that the square root of 2 is irrational.",
        "You are an expert. Write a poem of 4 lines about a robot.",
        "Describe the 3 laws of Newton.",
        "Could you please write me an email to my boss?",
        "Why is the sky blue?",
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


def test_a_long_question_is_judged_by_its_ends() -> None:
    long = "A) x B) y " * 100_000
    assert task_of(Question(long)) == "number"
    assert task_of(Question(long + "Write a Python function.")) == "code"
