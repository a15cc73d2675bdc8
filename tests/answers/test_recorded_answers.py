"""Extraction and grading against recorded model outputs that others graded."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from its.answers import Comparer, accepted_answers, equivalent, extract

POOLS = Path(__file__).resolve().parents[3] / "shared" / "data" / "pools"
MATH = "search-and-learn__math500-first100__llama-3.1-8b-instruct-awq.jsonl.gz"
GSM = "openai-gsm__gsm8k-test__4-models.jsonl.gz"


def recorded(name: str) -> Iterator[dict[str, Any]]:
    if not (POOLS / name).exists():
        pytest.skip(f"recorded outputs are not here: {POOLS / name}")
    with gzip.open(POOLS / name) as lines:
        yield from map(orjson.loads, lines)


async def test_short_answers_are_graded_as_the_record_has_them() -> None:
    graded = agreed = 0
    async with Comparer(symbolic=False) as comparer:
        for row in recorded(GSM):
            for sample in row["samples"]:
                right = await comparer.grade(extract(sample["text"]), row["reference"])
                graded += 1
                agreed += right == sample["correct"]
    assert graded == 5276
    assert agreed == graded


async def test_mathematics_is_graded_at_least_as_well_as_by_comparing_strings() -> None:
    """The record compares strings: what it takes for right is right, and it misses spellings."""
    graded = right = recorded_right = missed = 0
    async with Comparer(symbolic=False) as comparer:
        for row in recorded(MATH):
            for sample in row["samples"]:
                verdict = await comparer.grade(extract(sample["text"]), row["reference"])
                graded += 1
                right += verdict is True
                recorded_right += sample["correct"]
                missed += sample["correct"] and verdict is not True
    assert graded == 4400
    assert missed == 0
    assert recorded_right / graded == pytest.approx(0.432, abs=0.001)
    assert 0.01 < (right - recorded_right) / graded < 0.03


def test_answers_without_their_text_are_distinguished_as_in_the_record() -> None:
    compared = missed = 0
    for row in recorded("itu__math500__qwen2.5-math-7b.jsonl.gz"):
        accepted = accepted_answers(row["reference"])
        for sample in row["samples"]:
            answer = extract(f"\\boxed{{{sample['answer_raw']}}}")
            right = answer is not None and any(equivalent(answer, each) for each in accepted)
            compared += 1
            missed += sample["correct"] and not right
    assert compared == 4000
    assert missed == 0
