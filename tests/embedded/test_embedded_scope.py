"""What the embedded models are asked, and what is refused before anything is spent."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from its.models.embedded.scope import ONLY_ARITHMETIC, is_arithmetic
from its.problems.problem import Question
from tests.runs.command import compute_of, finish, its, rows_of

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("name", ["arithmetic", "gsm8k-form"])
def test_the_samples_are_arithmetic(name: str) -> None:
    lines = (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()
    assert all(is_arithmetic(Question(orjson.loads(line)["question"])) for line in lines)


def test_all_that_the_models_were_trained_on_is_arithmetic() -> None:
    problems = pytest.importorskip("its_training.problems", reason="how the models are made")
    import random

    drawn = random.Random(1)
    for _ in range(300):
        problem = problems.draw_problem(drawn, "train")
        assert is_arithmetic(Question(problem.question)), problem.question


@pytest.mark.parametrize(
    "text", ["2+2", "What is 2 + 2?", "12 - 4 =", "2x = 6", "What is 12 plus 30?", "(3+4)*2"]
)
def test_calculations(text: str) -> None:
    assert is_arithmetic(Question(text))


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "Who won the 1998 world cup?",
        "In which year between 1900 and 1950 did it end?",
        "Is 2023-10-04 a Sunday?",
        "What happened on 9/11?",
        "Write a Python function that adds 2 and 3.",
        "Explain the 3-body problem.",
        "Hello",
    ],
)
def test_anything_else(text: str) -> None:
    assert not is_arithmetic(Question(text))


def test_choices_are_no_arithmetic() -> None:
    assert not is_arithmetic(Question("2 + 2 = ?", choices=("3", "4")))


@pytest.mark.slow
def test_one_question_is_refused_with_the_fix(tmp_path: Path) -> None:
    code, out, err = finish(its("explain", "-q", "What is the capital of France?", cwd=tmp_path))
    assert (code, out) == (2, b"")
    assert ONLY_ARITHMETIC in err


@pytest.mark.slow
def test_in_a_batch_it_is_a_failed_row_that_cost_nothing(tmp_path: Path) -> None:
    problems = tmp_path / "p.jsonl"
    problems.write_text('{"question": "What is the capital of France?"}\n{"question": "2+3"}\n')
    command = its("solve", str(problems), "-q", "-c", "greedy", "-o", "run", cwd=tmp_path)
    code, _, err = finish(command)
    assert code == 3, err
    first, second = sorted(rows_of(tmp_path / "run"), key=lambda row: row["index"])
    assert (first["status"], first["error"]) == ("failed", ONLY_ARITHMETIC)
    assert first["usage"]["calls"] == 0
    assert second["status"] == "answered"
    assert compute_of(tmp_path / "run")["totals"]["calls"] == second["usage"]["calls"]
