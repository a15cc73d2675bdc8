"""Rules replayed on a pool: what they answer and what they charge."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from its_training.chart import Curve, Point, chart
from its_training.evaluate import area
from its_training.pools import Check, Entry, Reading, Sample, answer_of, certainty_of
from its_training.problems import Problem
from its_training.scaling import Rule, answer, beta_above_half, confidence

_PROBLEM = Problem("expression", "1+2", "1+2", 3, 1)


def _entry(*samples: tuple[str | None, float, float]) -> Entry:
    """An entry of (answer, certainty, verifier's score) samples, 10 FLOPs each; critiques 20,
    readings 8."""
    made = tuple(
        Sample(
            "plain",
            "",
            given,
            certainty,
            5,
            10.0,
            Check(score, score, 0.0, 20.0),
            Reading(math.log(score), 8.0),
        )
        for given, certainty, score in samples
    )
    return Entry(_PROBLEM, made, {"plain": 1.0}, {}, None)


@pytest.mark.parametrize(("a", "b", "known"), [(4, 0, 0.96875), (5, 1, 0.9375), (6, 1, 0.96484375)])
def test_confidence_is_that_of_adaptive_consistency(a: int, b: int, known: float) -> None:
    assert beta_above_half(a, b) == pytest.approx(known, abs=1e-5)


def test_no_sample_gives_no_confidence() -> None:
    assert confidence([], lambda _: 1.0) == pytest.approx(0.5, abs=1e-5)


def test_a_vote_a_certain_vote_and_a_checked_vote() -> None:
    entry = _entry(("4", -3.0, 0.1), ("4", -3.0, 0.1), ("3", -0.1, 0.9))
    assert not answer(entry, Rule(3)).right
    assert answer(entry, Rule(3, "certainty")).right
    assert answer(entry, Rule(3, "critique")).right
    assert answer(entry, Rule(3, "reading")).right
    assert answer(entry, Rule(3, "both")).right
    assert answer(entry, Rule(3)).flops == 31.0
    assert answer(entry, Rule(3, "critique")).flops == 91.0
    assert answer(entry, Rule(3, "reading")).flops == 55.0


def test_a_vote_weighted_by_readings_stops_by_them_and_charges_those_taken() -> None:
    entry = _entry(*[("3", 0.0, 1.0)] * 8)
    assert answer(entry, Rule(8, "both", threshold=0.95)).flops == 1 + 4 * 18


def test_sampling_stops_when_the_vote_is_settled_and_charges_only_that() -> None:
    entry = _entry(*[("3", 0.0, 1.0)] * 8)
    outcome = answer(entry, Rule(8, "one", threshold=0.95))
    assert outcome.right
    assert outcome.flops == 41.0


def test_a_settled_vote_is_not_checked() -> None:
    entry = _entry(*[("3", 0.0, 1.0)] * 4)
    assert answer(entry, Rule(4, "both", 0.95, doubt=0.9)).flops == 41.0
    assert answer(entry, Rule(4, "both", 0.99, doubt=0.99)).flops == 73.0


def test_a_missing_answer_abstains() -> None:
    assert answer(_entry((None, 0.0, 1.0), ("3", -2.0, 0.2)), Rule(2)).right
    assert not answer(_entry((None, 0.0, 1.0)), Rule(1)).right


def test_certainty_counts_what_is_derived_and_not_what_is_chosen() -> None:
    text = "2*3=6; 6+1\n6+1=7\nAnswer: 7"
    logprobs = [-1.0] * len(text)
    derived = len("6; 6+1\n") + len("7\n") + len("nswer: 7")
    assert certainty_of(text, logprobs, restated=False) == -derived
    assert certainty_of("1+2\n", [-1.0] * 4, restated=True) == -4


def test_the_answer_is_the_last_line() -> None:
    assert answer_of("2+1=3\nAnswer: 3") == "3"
    assert answer_of("2-5=-3\nAnswer: -3") == "-3"
    assert answer_of("2+1=3") is None
    assert answer_of("Answer: 3\n2+1=3") is None


def test_area_counts_ties_half() -> None:
    assert area([1.0, 0.5], [0.5, 0.0]) == pytest.approx(0.875)


def test_the_chart_is_well_formed() -> None:
    points = (Point(0.1, 0.6, 0.5, 0.7), Point(2.0, 0.8, 0.75, 0.85))
    svg = chart("a < b & c", "x", "y", [Curve("one", points)], 0.7)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
