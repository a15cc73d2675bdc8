"""What is right, for every kind of row."""

from __future__ import annotations

from typing import Any

import pytest

from its.answers import Comparer
from its.candidates import Answer
from its.grading import Grade, Grader, GradingSettings, grading_key, is_stale, regrade
from its.problems import Problem, Question, RowVerifier
from tests.verifiers.needs import needs_sandbox


def problem(
    reference: Any = None, kind: str | None = None, text: str = "Q", **data: Any
) -> Problem:
    verifier = RowVerifier(kind, data) if kind else None  # type: ignore[arg-type]
    return Problem("p", 0, Question(text), reference, {}, verifier)


async def grade(row: Problem, text: str, kind: str = "auto") -> Grade:
    async with Comparer(symbolic=False) as comparer:
        grader = Grader(comparer, kind)  # type: ignore[arg-type]
        return await grader.grade(row, grader.read(text, row.question), text)


@pytest.mark.parametrize(
    ("row", "right", "wrong"),
    [
        (problem("72"), "Answer: 72", "Answer: 71"),
        (problem("72", "value", tolerance=0.5), "Answer: 72.4", "Answer: 72.6"),
        (problem(200, "value", tolerance=0.01, relative=True), "Answer: 198", "Answer: 197"),
        (problem(None, "value", value=1e-3, tolerance=1e-4), "Answer: 0.00105", "Answer: 0.002"),
        (problem(None, "regex", pattern=r"[A-Z]{2}\d+"), "Answer: AB12", "Answer: AB"),
        (problem(None, "schema", schema={"required": ["a"]}), '{"a": 1}', '{"b": 1}'),
        (
            problem(None, "schema", schema={"required": ["answer"]}),
            'Here:\n```json\n{"answer": 1}\n```',
            "answer: 1",
        ),
        (problem(None, "choice", choices=["red", "blue"]), "Answer: Red", "Answer: green"),
    ],
)
async def test_a_row_is_graded_as_it_says(row: Problem, right: str, wrong: str) -> None:
    by = row.verifier.kind if row.verifier else "reference"
    for text, expected in ((right, True), (wrong, False)):
        verdict = await grade(row, text)
        assert (verdict.correct, verdict.by) == (expected, by), (text, verdict)


async def test_what_nothing_grades_has_no_verdict() -> None:
    assert (await grade(problem(), "Answer: 1")).correct is None
    assert (await grade(problem(None, "rubric", rubric="kind?"), "Answer: 1")).correct is None
    assert (await grade(problem("7", "rubric", rubric="kind?"), "Answer: 7")).by == "reference"


async def test_no_answer_is_a_wrong_one() -> None:
    async with Comparer(symbolic=False) as comparer:
        grader = Grader(comparer)
        for row in (problem("7"), problem(None, "regex", pattern="a"), problem("7", "value")):
            assert (await grader.grade(row, None)).correct is False
        assert (await grader.grade(problem(), None)).correct is None


async def test_a_recorded_flag_counts_before_anything_else() -> None:
    async with Comparer(symbolic=False) as comparer:
        grader = Grader(comparer, flag=lambda question, text: True if text == "seen" else None)
        answer = Answer("8", "number")
        assert (await grader.grade(problem("7"), answer, "seen")) == Grade(
            True, "recorded", "as recorded with the sample"
        )
        assert (await grader.grade(problem("7"), answer, "new")).by == "reference"


async def test_the_kind_of_answer_is_the_rows_then_the_pipelines() -> None:
    text = "The parts are 1 and 2, so the total is 3."
    assert (await grade(problem("3"), text, "number")).correct
    settings = GradingSettings.of({"answers": {"kind": "number", "units": "wild", "percent": 3}})
    assert settings == GradingSettings("number")
    assert GradingSettings.of({"answers": []}) == GradingSettings()


SQUARE = "def f(x):\n    return x * x\n"


@needs_sandbox
@pytest.mark.parametrize(
    "row",
    [
        problem(None, "code_tests", tests=["assert f(2) == 4", "assert f(3) == 9"]),
        problem(
            None,
            "code_tests",
            test="def check(candidate):\n    assert candidate(3) == 9\n",
            entry_point="f",
        ),
        problem(None, "code_tests", tests=["assert f(n) == 9"], setup="n = 3"),
        problem(None, "stdio", pairs=[["3", "9"], ["4", "[16]"]], function="f"),
        problem(None, "stdio", pairs=[["5\n", " 25 \n\n"]]),
    ],
)
async def test_programs_are_graded_by_the_rows_tests(row: Problem) -> None:
    shown = SQUARE + "if __name__ == '__main__':\n    print(f(int(input())))\n"
    right = f"Try:\n```python\ndef f(x): return 0\n```\nBetter:\n```python\n{shown}```\nDone.\n"
    verdict = await grade(row, right, "code")
    assert verdict.correct is True, verdict.reason
    wrong = right.replace("x * x", "x + x")
    assert (await grade(row, wrong, "code")).correct is False


@needs_sandbox
async def test_a_program_completes_the_prompt() -> None:
    prompt = 'import math\n\ndef half(x): return x / 2\n\ndef f(x):\n    """Root of half of x."""\n'
    row = problem(
        "    return math.sqrt(half(x))\n", "code_tests", prompt, tests=["assert f(8) == 2"]
    )
    for text in (
        "    return math.sqrt(half(x))\n",
        "```python\n    return math.sqrt(half(x))\n```",
        "```python\ndef f(x):\n    return math.sqrt(half(x))\n```\nFor example:\n```\nf(8)\n```",
    ):
        verdict = await grade(row, text, "code")
        assert verdict.correct is True, (text, verdict.reason)


def test_the_key_changes_with_a_corrected_reference_or_verifier() -> None:
    assert grading_key(problem()) is None
    keys = {
        grading_key(row)
        for row in (
            problem("1"),
            problem("2"),
            problem(1),
            problem("1", "regex", pattern="a"),
            problem("1", "regex", pattern="b"),
        )
    }
    assert len(keys) == 5
    assert grading_key(problem("1")) == grading_key(problem("1", text="another"))


async def test_a_row_is_graded_again_against_what_its_problem_says_now() -> None:
    row = {"status": "answered", "answer": "8", "solution": "Answer: 8", "correct": False}
    row |= {"reference": "7", "metadata": {}}
    async with Comparer(symbolic=False) as comparer:
        grader = Grader(comparer)
        assert is_stale(row, problem("8"))
        again = await regrade(row, problem("8"), grader)
        assert (again["correct"], again["reference"]) == (True, "8")
        assert not is_stale(again, problem("8"))
        assert is_stale(again, problem("9"))
        assert is_stale(again, problem())
        removed = await regrade(again, problem(), grader)
        assert (removed["correct"], removed["grading"]) == (None, None)


async def test_reading_again_takes_another_kind_of_answer() -> None:
    row = {"status": "answered", "answer": "about 12 eggs", "solution": "It is 12. Answer: 12 eggs"}
    async with Comparer(symbolic=False) as comparer:
        again = await regrade(row, problem("12"), Grader(comparer, "number"), read_again=True)
    assert (again["answer"], again["correct"]) == ("12 eggs", True)


async def test_the_answer_is_the_program_that_defines_what_is_asked() -> None:
    text = "```python\ndef f(x): return 1\n```\nUse it:\n```python\nprint(f(2))\n```\n"
    async with Comparer(symbolic=False) as comparer:
        grader = Grader(comparer, "code")
        for asked, said in (
            ('def f(x):\n    """One."""\n', "def f(x): return 1"),
            ("Write it.\n\nName the function `f`.", "def f(x): return 1"),
            ("Write a program.", "print(f(2))"),
        ):
            answer = grader.read(text, Question(asked))
            assert answer is not None
            assert (answer.text, answer.fallback) == (said, False)


@pytest.mark.parametrize(
    ("reference", "said", "declined", "correct"),
    [
        ("Cannot be determined", None, True, True),
        ("unanswerable", None, True, True),
        ("unanswerable", None, False, False),
        ("unanswerable", Answer("7", "number"), False, False),
        ("7", None, True, False),
    ],
)
async def test_no_answer_is_right_where_the_reference_says_that_there_is_none(
    reference: str, said: Answer | None, declined: bool, correct: bool
) -> None:
    async with Comparer(symbolic=False) as comparer:
        grade = await Grader(comparer).grade(problem(reference), said, declined=declined)
    assert grade.correct is correct
