"""Hard cases of every kind, from a table (hard_cases.py)."""

from __future__ import annotations

import pytest

from its.answers import Comparer, equivalent, extract
from its.candidates import Answer
from its.problems import AnswerKind
from tests.answers.hard_cases import CHOSEN, DIFFERENT, EXACT, FOUR_CHOICES, READ, SAME


def same(a: str, b: str) -> bool:
    return equivalent(Answer(a, "expression"), Answer(b, "expression"))


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_different_answers_are_distinguished(a: str, b: str) -> None:
    assert not same(a, b)


@pytest.mark.parametrize("spellings", SAME, ids=lambda spellings: spellings[0])
def test_spellings_of_one_answer_meet(spellings: list[str]) -> None:
    assert [text for text in spellings if not same(spellings[0], text)] == []


@pytest.mark.slow
async def test_symbolic_mathematics_makes_no_two_answers_equal_either() -> None:
    async with Comparer() as comparer:
        pairs = [(Answer(a, "expression"), Answer(b, "expression")) for a, b in DIFFERENT]
        assert [(a.text, b.text) for a, b in pairs if await comparer.decide(a, b)] == []


@pytest.mark.parametrize(("text", "answer"), READ)
def test_the_answer_of_a_text(text: str, answer: str | None) -> None:
    found = extract(text)
    assert (None if found is None else found.text) == answer


@pytest.mark.parametrize(("text", "letter"), CHOSEN)
def test_the_letter_of_a_choice(text: str, letter: str | None) -> None:
    for kind in ("choice", "auto"):
        found = extract(text, kind, FOUR_CHOICES)
        assert (None if found is None else found.text) == letter


@pytest.mark.parametrize(("kind", "a", "b", "equal"), EXACT)
async def test_exact_and_literal_answers(kind: AnswerKind, a: str, b: str, equal: bool) -> None:
    async with Comparer() as comparer:
        read = extract(f"Answer: {a}", kind)
        assert read is not None
        assert await comparer.grade(read, b, kind) is equal
        assert comparer.worker_pid is None


@pytest.mark.parametrize(
    "written", ["{'fr': 'AAA'}", "{'foo': ['bar']}", "[]", "{}", "2imo 12 tfiqr."]
)
async def test_an_answer_as_its_reference_has_it_is_right_whatever_the_kind(written: str) -> None:
    kinds: tuple[AnswerKind, ...] = ("auto", "expression", "text", "exact", "literal")
    async with Comparer(symbolic=False) as comparer:
        for kind in kinds:
            answer = extract(f"<answer>{written}</answer>", kind)
            assert await comparer.grade(answer, written, kind) is True


async def test_a_sentence_joins_the_class_of_what_it_says() -> None:
    texts = ["The colour is blue", "blue", "The colour is red", "Blue.", "red"]
    async with Comparer(symbolic=False) as comparer:
        answers = [extract(f"Answer: {text}", "text") for text in texts]
        assert await comparer.classes(answers) == [0, 0, 1, 0, 1]
        assert await comparer.grade(answers[0], "blue", "text") is True
        assert await comparer.grade(answers[0], "red", "text") is False
        whales = [Answer(f"The {it} is a mammal", "text") for it in ("whale", "dog")]
        assert await comparer.classes(whales) == [0, 1]


async def test_equal_sentences_and_numbers_meet_in_one_class() -> None:
    texts = ["Natalia sold 72 clips.", "72", "She sold 72 clips altogether", "$72", "72 clips"]
    async with Comparer(symbolic=False) as comparer:
        answers = [extract(f"Answer: {text}") for text in texts]
        assert await comparer.classes(answers) == [0, 0, 0, 0, 0]
        assert not any(answer is None or answer.fallback for answer in answers)


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("Answer: Natalia sold 72 clips", False),
        ("Answer: Of the 12 boxes that we counted 7 are full", True),
        ("Answer: It is not more than 5 for any of the cases that we saw", True),
        ("<think>The answer is 3.</think>", True),
        ("He has 5 left and then 6", True),
        ("Answer: C", False),
    ],
)
def test_an_unsure_reading_is_marked_as_a_guess(text: str, guess: bool) -> None:
    found = extract(text)
    assert found is not None
    assert found.fallback is guess
