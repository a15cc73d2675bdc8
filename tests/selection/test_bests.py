"""Votes by the order of scores: known weights, and their two ends, the vote and the best score."""

from __future__ import annotations

import itertools

import pytest

from its.selection import Borda, MajorityOfBests
from its.selection.bests import best_chances, borda_weights
from tests.selection.test_selectors import ballot

FOOLED = ["right"] * 5 + ["wrong"] * 3 + ["odd"]
SCORES = [0.8, 0.7, 0.75, 0.6, 0.65, 0.5, 0.4, 0.3, 0.99]
"""One odd candidate fools the reward; the right answer is often, and well, scored."""


@pytest.mark.parametrize("scores", [[0.1, 0.5, 0.9], [0.5, 0.5, 0.2, 0.9], [0.3]])
@pytest.mark.parametrize("drawn", [1, 2, 3])
def test_chances_are_those_of_every_possible_draw(scores: list[float], drawn: int) -> None:
    counted = [0.0] * len(scores)
    draws = list(itertools.product(range(len(scores)), repeat=drawn))
    for draw in draws:
        best = max(scores[i] for i in draw)
        equals = [i for i, score in enumerate(scores) if score == best]
        for i in equals:
            counted[i] += 1 / len(equals) / len(draws)
    assert best_chances(scores, drawn) == pytest.approx(counted)


async def answer(subsample: int) -> str:
    chosen = await MajorityOfBests(subsample).select(ballot(FOOLED, scores=SCORES))
    assert chosen.candidate is not None
    assert chosen.candidate.answer is not None
    return chosen.candidate.answer.text


async def test_one_candidate_that_fools_the_reward_does_not_win() -> None:
    assert await answer(0) == "right"


async def test_its_ends_are_the_vote_and_the_best_score() -> None:
    assert await answer(1) == "right"
    assert await answer(10_000) == "odd"


async def test_confidence_is_the_chance_of_the_answer() -> None:
    chosen = await MajorityOfBests(2).select(ballot(["a", "b"], scores=[0.1, 0.9]))
    assert chosen.candidate is not None
    assert dict(chosen.tally) == pytest.approx({"b": 0.75, "a": 0.25})


def test_borda_weights_are_ranks_to_a_power_and_equals_share_them() -> None:
    assert borda_weights([0.1, 0.9, 0.5], 1.0) == pytest.approx([1 / 3, 1.0, 2 / 3])
    assert borda_weights([0.5, 0.5], 2.0) == pytest.approx([0.5625, 0.5625])


@pytest.mark.parametrize(("power", "wins"), [(0.0, "right"), (0.5, "right"), (1_000.0, "odd")])
async def test_bordas_ends_are_the_vote_and_the_best_score(power: float, wins: str) -> None:
    chosen = await Borda(power).select(ballot(FOOLED, scores=SCORES))
    assert chosen.candidate is not None
    assert chosen.candidate.answer is not None
    assert chosen.candidate.answer.text == wins
