# ruff: noqa: E501
"""Properties of reading and comparing that hold for every answer."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.answers import Equivalence, equivalent, extract
from its.candidates import Answer
from its.problems import AnswerKind
from tests.answers.hard_cases import CHOSEN, DIFFERENT, EXACT, READ, SAME

WRITTEN = [
    *(text for pair in DIFFERENT for text in pair),
    *(text for spellings in SAME for text in spellings),
    *(text for _, a, b, _ in EXACT for text in (a, b)),
]
JOINTS = [
    "",
    " ",
    ", ",
    " and ",
    " or ",
    " = ",
    " - ",
    r" \cup ",
    " to ",
    " < ",
    "; ",
    "...",
    "(",
    ")",
]
realistic = st.one_of(
    st.sampled_from(WRITTEN),
    st.tuples(st.sampled_from(WRITTEN), st.sampled_from(JOINTS), st.sampled_from(WRITTEN)).map(
        "".join
    ),
    st.tuples(
        st.sampled_from(["$", "**", r"\text{", "approximately "]), st.sampled_from(WRITTEN)
    ).map("".join),
)
kinds: st.SearchStrategy[AnswerKind] = st.sampled_from(get_args(AnswerKind))
all_rules = st.builds(
    Equivalence,
    units=st.sampled_from(["ignore", "keep"]),
    percent=st.sampled_from(["ignore", "value", "keep"]),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(realistic, min_size=3, max_size=3), kinds, all_rules)
def test_equivalence_is_an_equivalence(
    texts: list[str], kind: AnswerKind, rules: Equivalence
) -> None:
    a, b, c = (Answer(text, kind) for text in texts)
    assert equivalent(a, a, rules)
    assert equivalent(a, b, rules) == equivalent(b, a, rules)
    if equivalent(a, b, rules) and equivalent(b, c, rules):
        assert equivalent(a, c, rules)


PIECES = [text for text, _ in (*READ, *CHOSEN)]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), realistic, st.text(max_size=20)), max_size=4),
    kinds,
    st.sampled_from([(), ("Paris", "London"), ("1", "2", "3", "4")]),
)
def test_reading_and_comparing_never_raise(
    pieces: list[str], kind: AnswerKind, choices: tuple[str, ...]
) -> None:
    found = extract("\n".join(pieces), kind, choices)
    if found is not None:
        assert found.text.strip()
        assert equivalent(found, found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    ["<think>", "[THINK]", "<|channel|>final<|message|>", "答案是", "答案 ", "故选", "I cannot ", "5 ft ",
     "5 May ", "1:", "3 - ", "the answer is a ", "“", "Réponse : ", "A, ", "A or ", "> ", "x < ", "½",
     r"\boxed{1} and ", "<answer>1", "'answer': ", '"answer": [', '"answer": "', r"\begin{cases}"],
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_linear_time(piece: str) -> None:
    """A quadratic step would take very long here and run into the time limit of the test."""
    text = piece * (1_000_000 // len(piece))
    kinds_that_differ: tuple[AnswerKind, ...] = ("auto", "choice", "exact")
    for kind in kinds_that_differ:
        found = extract(text, kind, ("x", "y") if kind == "choice" else ())
        assert found is None or len(found.text) <= len(text)
