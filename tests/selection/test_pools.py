"""Selection on recorded candidates: known figures, and what the shipped defaults are worth."""

from __future__ import annotations

from statistics import fmean

import pytest

from tests.benchmarks.selection import (
    POOLS,
    beam_accuracies,
    cross_validated,
    load,
    paired_interval,
    program_accuracies,
    reliability,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not POOLS.is_dir(), reason=f"recorded pools are not in {POOLS}"),
]


@pytest.fixture(scope="module")
def beams() -> dict[str, list[float]]:
    return beam_accuracies(POOLS)


@pytest.mark.parametrize(
    ("way", "figure"),
    [
        ("vote", 0.594),
        ("best-of-n, last", 0.526),
        ("best-of-n, min", 0.559),
        ("best-of-n, mean", 0.556),
        ("best-of-n, prod", 0.579),
        ("weighted vote, last", 0.609),
    ],
)
def test_the_known_figures_of_beams_with_step_scores(
    beams: dict[str, list[float]], way: str, figure: float
) -> None:
    assert fmean(beams[way]) == pytest.approx(figure, abs=0.01)


def test_the_default_for_step_scores_beats_a_vote_weighted_by_the_last(
    beams: dict[str, list[float]],
) -> None:
    default, usual = beams["weighted vote, last_min"], beams["weighted vote, last"]
    assert cross_validated([default, usual]) >= 0.618
    difference, low, high = paired_interval(default, usual)
    assert low < 0.01 < difference < high, "a gain, though 500 problems cannot rule out chance"


def test_the_guard_of_best_of_n_does_not_follow_the_reward_into_error(
    beams: dict[str, list[float]],
) -> None:
    for how in ("last", "min", "prod", "mean"):
        assert fmean(beams[f"best-of-n with guard, {how}"]) > fmean(beams[f"best-of-n, {how}"])


def test_more_programs_mislead_best_of_n_but_not_with_the_guard() -> None:
    few, many = program_accuracies(POOLS, 4), program_accuracies(POOLS, 100)
    assert few["best-of-n"] == pytest.approx(0.295, abs=0.01)
    assert many["best-of-n"] == pytest.approx(0.230, abs=0.01)
    assert many["best-of-n with guard"] >= few["best-of-n with guard"] >= few["best-of-n"]
    assert many["agreement"] >= 0.349


@pytest.mark.parametrize(
    "name",
    [
        "search-and-learn__math500-first100__llama-3.1-8b-instruct-awq",
        "itu__math500__qwen2.5-math-7b",
    ],
)
def test_confidence_is_close_to_accuracy(name: str) -> None:
    cells = reliability(POOLS, name)
    cases = sum(count for _, _, count in cells)
    gap = sum(abs(confidence - right) * count for confidence, right, count in cells) / cases
    assert gap < 0.08
    assert [right for _, right, _ in cells] == sorted(right for _, right, _ in cells)


def test_a_pool_has_as_many_problems_as_recorded() -> None:
    assert len(load(POOLS, "itu__math500__qwen2.5-math-7b")) == 500
