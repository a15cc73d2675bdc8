"""Exact checkers, alone and as rewards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from its.candidates import Answer, Candidate
from its.errors import ConfigurationError
from its.models.protocol import Capabilities, Completion, Request
from its.problems.problem import AnswerKind, Message, Question, RowVerifier
from its.prompts import load_prompt_set
from its.rewards import ChoiceCheck, CodeTests, PatternCheck, SchemaCheck, ValueCheck
from its.rewards.protocol import Reward
from its.verifiers.agreement import agreement
from its.verifiers.checkers import fits_schema, is_choice, is_equivalent, matches
from tests.verifiers.needs import needs_sandbox

QUESTION = Question("Write f, the square of a number.")
GENERAL = load_prompt_set("general")


class NoDoor:
    """Fails whoever asks a model."""

    capabilities = Capabilities()
    remaining = None

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"no model is needed, yet {name} was used")


def candidates(*texts: str, kind: AnswerKind = "text") -> list[Candidate]:
    return [Candidate(f"c/{i}", text, Answer(text, kind)) for i, text in enumerate(texts)]


async def values(reward: Reward, *texts: str, kind: AnswerKind = "text") -> list[float | None]:
    pool = candidates(*texts, kind=kind)
    assert reward.completions(len(pool)) == 0
    return [s.value for s in await reward.score(QUESTION, pool, NoDoor(), GENERAL)]


async def test_a_pattern_must_match_the_whole_answer() -> None:
    assert await values(PatternCheck(r"\d{4}-\d\d"), "2026-11", "2026-1", "on 2026-11") == [1, 0, 0]


async def test_a_pattern_that_takes_too_long_abstains() -> None:
    verdict = await matches("a" * 40 + "!", r"(a+)+")
    assert verdict.passed is None
    assert "took too long" in verdict.reason


def test_a_broken_pattern_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="not a regular expression"):
        PatternCheck("(")


async def test_json_that_fits_a_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer", "minimum": 0}},
        "required": ["age"],
    }
    texts = ('{"age": 3}', '```json\n{"age": 3}\n```', '{"age": -1}', "{}", "age 3", "NaN")
    assert await values(SchemaCheck(schema), *texts) == [1, 1, 0, 0, 0, 0]
    assert (await fits_schema('{"age": -1}', schema)).reason.startswith("age: -1 is less")
    assert (await fits_schema("[" * 100_000, schema)).passed in (False, None)


async def test_a_schema_whose_pattern_takes_too_long_abstains() -> None:
    verdict = await fits_schema('"' + "a" * 40 + '!"', {"type": "string", "pattern": "^(a+)+$"})
    assert verdict.passed is None


async def test_a_choice_is_one_of_the_given() -> None:
    assert await values(ChoiceCheck(("yes", "no")), "Yes", " no ", "maybe") == [1, 1, 0]
    assert is_choice("maybe", ("yes", "no")).reason == "none of yes, no"


async def test_a_value_is_compared_by_mathematics() -> None:
    assert await values(ValueCheck("1/2"), "0.5", r"\frac{1}{2}", "0.51", kind="number") == [
        1,
        1,
        0,
    ]
    assert (await is_equivalent(Answer("1,000", "number"), "1000")).passed


def bits(*rows: str) -> list[list[bool]]:
    return [[bit == "1" for bit in row] for row in rows]


def test_programs_that_pass_the_same_tests_confirm_each_other() -> None:
    result = agreement(bits("110", "110", "111", "000"), ["a", "b", "c", "d"])
    assert result.classes == (0, 0, 1, 2)
    assert result.scores == pytest.approx((2 / 4 * 2 / 3, 2 / 4 * 2 / 3, 1 / 4, 0))
    assert result.chosen == 0


def test_a_test_counts_as_often_as_it_was_written() -> None:
    result = agreement(bits("10", "01"), ["a", "b"], weights=[1, 3])
    assert result.chosen == 1


def test_in_the_best_class_the_program_written_most_often_is_the_representative() -> None:
    assert agreement(bits("1", "1", "1"), ["x = 1", "y = 1", "y  =  1"]).chosen == 1


def test_where_nothing_passes_nothing_is_chosen() -> None:
    assert agreement(bits("00", "00"), ["a", "b"]).chosen is None
    assert agreement([], []).chosen is None


@needs_sandbox
async def test_programs_are_scored_by_given_tests() -> None:
    reward = CodeTests(tests=("assert f(2) == 4", "assert f(3) == 9"), agreement=False)
    assert await values(
        reward, "def f(x): return x * x", "```python\ndef f(x): return x + x\n```", "def f(x: oops"
    ) == [1, 0.5, 0]


@needs_sandbox
async def test_a_hostile_candidate_costs_only_itself_and_the_score_says_why() -> None:
    reward = CodeTests(tests=("assert f(2) == 4",), agreement=False)
    hostile = (
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        "import socket; socket.create_connection(('192.0.2.1', 80))",
        "open('/etc/passwd', 'w')",
        "x = bytearray(10 * 2**30)",
        "while True: pass",
        "while True: print('x' * 2**20)",
        "def f(x): return x * x",
    )
    pool = candidates(*hostile, kind="code")
    scores = await reward.score(QUESTION, pool, NoDoor(), GENERAL)
    assert [s.value for s in scores] == [0, 0, 0, 0, 0, 0, 1]
    assert all(s.reason for s in scores)
    for score, word in zip(
        scores[1:6], ("OSError", "OSError", "Memory", "long", "long"), strict=True
    ):
        assert word in score.reason or "No such file" in score.reason


class Writing(NoDoor):
    """A door to a model that writes one test."""

    def request(self, messages: Sequence[Message], **settings: Any) -> Request:
        assert "9973" not in str(messages)
        return Request(tuple(messages), max_tokens=100)

    async def complete(self, request: Request, label: str) -> Completion:
        return Completion("assert f(2) == 4", "end")


SQUARES = ("def f(x): return x * x", "def f(x): return x + x", "def f(x): return 0")


@needs_sandbox
async def test_public_examples_and_given_tests_are_a_reward() -> None:
    question = Question(
        'def f(x):\n    """Square.\n    >>> f(3)\n    9\n    >>> f(2)\n    4\n    """'
    )
    reward = CodeTests(samples=0, examples=True, agreement=False)
    assert reward.completions(3) == 0
    pool = candidates(*SQUARES, kind="code")
    scores = await reward.score(question, pool, NoDoor(), GENERAL)
    assert [score.value for score in scores] == [1, 0.5, 0]
    without = await reward.score(QUESTION, pool, NoDoor(), GENERAL)
    assert [score.value for score in without] == [None] * 3


@needs_sandbox
async def test_a_rows_own_tests_are_a_reward_only_where_they_are_public() -> None:
    tests = RowVerifier("code_tests", {"tests": ["assert f(9973) > 9973 * 3"]})
    pairs = RowVerifier("stdio", {"pairs": [["3", "9"]]})
    pool = candidates(*SQUARES, kind="code")
    public = CodeTests(public_tests=True, agreement=False)
    opened = replace(QUESTION, public_tests=tests)
    scores = await public.score(opened, pool, NoDoor(), GENERAL)
    assert [score.value for score in scores] == [1, 0, 0]
    closed = await CodeTests(samples=1, agreement=False).score(opened, pool, Writing(), GENERAL)
    assert [score.value for score in closed] == [1, 1, 0], "only what the model wrote"
    printed = candidates("print(int(input()) ** 2)", "print(6)", kind="code")
    scores = await public.score(replace(QUESTION, public_tests=pairs), printed, NoDoor(), GENERAL)
    assert [score.value for score in scores] == [1, 0]
