"""What a row says of its own grading, and what is not taken for such a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from its.problems import BadLine, Problem, RowVerifier, open_problems


def read(tmp_path: Path, **fields: Any) -> Problem | BadLine:
    path = tmp_path / "p.jsonl"
    lines = [{"question": "A line that is good."}, {"question": "Write f."} | fields]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open_problems(str(path)) as reader:
        return list(reader)[1]


@pytest.mark.parametrize(
    ("fields", "kind", "data"),
    [
        ({"tests": ["assert f(1) == 1"]}, "code_tests", {"tests": ("assert f(1) == 1",)}),
        ({"tests": [{"input": "1\n", "output": "2\n"}]}, "stdio", {"pairs": (("1\n", "2\n"),)}),
        (
            {"test": "def check(c): assert c(1)", "entry_point": "f"},
            "code_tests",
            {"test": "def check(c): assert c(1)", "entry_point": "f"},
        ),
        ({"schema": {"type": "object"}}, "schema", {"schema": {"type": "object"}}),
        ({"json_schema": {"enum": [1]}}, "schema", {"schema": {"enum": [1]}}),
        ({"regex": "a+"}, "regex", {"pattern": "a+"}),
        ({"rubric": "Is it kind?"}, "rubric", {"rubric": "Is it kind?"}),
        ({"answer": 3.14, "tolerance": 0.01}, "value", {"tolerance": 0.01}),
        ({"verifier": {"kind": "choice", "choices": ["a"]}}, "choice", {"choices": ["a"]}),
    ],
)
def test_a_row_names_its_verifier(
    tmp_path: Path, fields: dict[str, Any], kind: str, data: dict[str, Any]
) -> None:
    problem = read(tmp_path, **fields)
    assert isinstance(problem, Problem)
    assert problem.verifier is not None
    assert (problem.verifier.kind, dict(problem.verifier.data)) == (kind, data)
    assert problem.graded
    assert not problem.metadata
    assert problem.question.kind == ("code" if kind in ("code_tests", "stdio") else "auto")


@pytest.mark.parametrize(
    "fields",
    [
        {"tests": 3},
        {"test": "blood", "entry_point": "arm"},
        {"test": "def check(c): assert c(1)"},
        {"tests": []},
        {"tests": ["blood", "urine"]},
        {"schema": "CREATE TABLE t (x)"},
        {"schema": {"table": "t"}},
        {"regex": 3},
        {"tolerance": "low"},
    ],
)
def test_a_field_that_only_shares_the_name_is_metadata(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    problem = read(tmp_path, **fields)
    assert isinstance(problem, Problem)
    assert problem.verifier is None
    assert problem.metadata == fields


@pytest.mark.parametrize(
    ("verifier", "word"),
    [
        ("tests", "must be an object"),
        ({"kind": "magic"}, "must be one of code_tests"),
        ({"kind": "schema"}, "needs schema"),
        ({"kind": "code_tests"}, "needs tests or test"),
    ],
)
def test_a_verifier_that_cannot_be_used_is_a_bad_line(
    tmp_path: Path, verifier: Any, word: str
) -> None:
    line = read(tmp_path, verifier=verifier)
    assert isinstance(line, BadLine)
    assert word in line.reason


def test_a_verifier_is_no_part_of_what_is_asked(tmp_path: Path) -> None:
    with_tests = read(tmp_path, tests=["assert f(1) == 1"])
    corrected = read(tmp_path, tests=["assert f(2) == 2"])
    assert isinstance(with_tests, Problem)
    assert isinstance(corrected, Problem)
    assert with_tests.key == corrected.key
    assert with_tests.verifier == RowVerifier("code_tests", {"tests": ("assert f(1) == 1",)})
    assert "assert" not in repr(with_tests.question)
