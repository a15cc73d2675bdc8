"""Four ways to say how hard a problem is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.allocation.difficulty import (
    AskDifficulty,
    FixedDifficulty,
    LengthDifficulty,
    ProbeDifficulty,
    parse_rating,
)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("7", 7),
        (" 10\n", 10),
        ("7.", 7),
        ("**7**", 7),
        ("\\boxed{4}", 4),
        ("Difficulty: 7/10", 7),
        ("Difficulty (1-10): 4", 4),
        ("Rating: 7 out of 10.", 7),
        ("I would say 8.", 8),
        ("6.5", 7),
        ("On a scale of 1 to 10, this is a 6.", 6),
        ("It has 3 steps and 2 unknowns.\n\nDifficulty: 8", 8),
        ("It has 3 steps.\n9", 9),
        ("First I thought 4/10, but no: 6/10", 6),
    ],
)
def test_a_rating_is_read_however_it_is_put(text: str, rating: int) -> None:
    assert parse_rating(text) == rating


@pytest.mark.parametrize(
    "text",
    ["", "hard", "0", "11", "-3", "Difficulty: 15", "7/100", "1/2", "5-6", "3 steps, 4 unknowns"],
)
def test_what_is_no_rating_is_not_guessed(text: str) -> None:
    assert parse_rating(text) is None


@given(st.text())
def test_any_text_gives_a_rating_in_range_or_none(text: str) -> None:
    assert parse_rating(text) in (None, *range(1, 11))


def test_ask_falls_back_and_says_so() -> None:
    ask = AskDifficulty(fallback=3)
    assert ask.judge("8").value == 8
    assert ask.judge("no idea").value == 3
    assert "no rating" in ask.judge("no idea").reason
    assert "failed" in ask.judge(None).reason


@pytest.mark.parametrize(
    ("answers", "value"),
    [
        ([0, 0, 0, 0], 1),
        ([0, 0, 0, 1], 4),
        ([0, 0, 1, 2], 7),
        ([0, 1, 2, 3], 10),
        ([0, 0, None, None], 7),
        ([None, None], 10),
        ([0, None], 10),
        ([], 10),
    ],
)
def test_probe_turns_agreement_into_difficulty(answers: list[int | None], value: int) -> None:
    assert ProbeDifficulty().judge(answers).value == value


@given(st.lists(st.one_of(st.none(), st.integers(0, 4))))
def test_probe_stays_in_range(answers: list[int | None]) -> None:
    assert 1 <= ProbeDifficulty().judge(answers).value <= 10


def test_length_and_fixed() -> None:
    assert LengthDifficulty(words_per_point=10).judge("one two three").value == 1
    assert LengthDifficulty(words_per_point=10).judge("word " * 25).value == 3
    assert LengthDifficulty(words_per_point=10).judge("word " * 500).value == 10
    assert FixedDifficulty(value=2).judge().value == 2
