"""One problem through a whole pipeline: what is spent, held back, chosen and checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import its
from its.models.protocol import Request, TokenLogprob
from its.testing import ALL_CAPABILITIES, FakeModel, ScriptedReply


def answers(*texts: str) -> FakeModel:
    """A model whose solutions end in these answers, in turn; it compares, scores and checks as
    its prompts want, and finds every answer right."""
    drawn: list[str] = []

    def script(request: Request, number: int) -> str:
        prompt = request.messages[-1].content
        if "how difficult" in prompt:
            return "3"
        if "[[A]]" in prompt:
            return "[[A]]"
        if "in another way" in prompt:
            return "Verdict: yes"
        if "ost consistent" in prompt:
            return "Most consistent: response 1"
        if "how likely" in prompt:
            return f"Score: {1 + number % 10}"
        drawn.append(texts[len(drawn) % len(texts)])
        return f"So it is.\n\nAnswer: {drawn[-1]}"

    return FakeModel(script)


def solved(model: FakeModel, settings: Mapping[str, Any], **others: FakeModel) -> its.Solution:
    pipeline = its.load_pipeline("self_consistency", settings, model="fake")
    (solution,) = its.solve(["What is it?"], pipeline, models={"model": model, **others})
    return solution


def asked(model: FakeModel, words: str) -> int:
    """How many requests have these words in their last message."""
    return sum(words in request.messages[-1].content for request in model.requests)


# --- what is spent ------------------------------------------------------------------------------


@pytest.mark.parametrize("per_difficulty", [1, 2, 3, 4, 10])
@pytest.mark.parametrize("texts", [("7",), ("1", "2", "3", "4", "5")])
def test_a_probe_draws_no_more_than_the_plan_of_an_easy_problem(
    per_difficulty: int, texts: tuple[str, ...]
) -> None:
    settings = {
        "difficulty": {"method": "probe", "samples": 4},
        "budget": {"per_difficulty": per_difficulty},
        "stages": [{"strategy": "self_consistency", "n": 3}],
    }
    solution = solved(model := answers(*texts), settings)
    assert solution.planned is not None
    assert model.completions == solution.spent <= solution.planned


SELECTS: list[dict[str, Any]] = [
    {"method": "vote"},
    {"method": "weighted_vote", "reward": "self_evaluation"},
    {"method": "weighted_vote", "reward": "league"},
    {"method": "knockout", "comparisons": 3},
    {"method": "universal"},
    {"method": "best_of_n", "reward": {"method": "genrm", "rationales": 2}},
]
STAGES: list[dict[str, Any]] = [
    {"strategy": "self_consistency", "n": 6},
    {"strategy": "attempts", "n": 5},
    {"strategy": "plan_search", "n": 3},
    {"strategy": "debate"},
    {"strategy": "deep_reasoning"},
]


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    st.fixed_dictionaries(
        {
            "difficulty": st.sampled_from(["ask", {"method": "probe", "samples": 3}, "fixed"]),
            "budget": st.fixed_dictionaries(
                {"per_difficulty": st.integers(1, 6), "max": st.integers(2, 25)}
            ),
            "stages": st.lists(st.sampled_from(STAGES), min_size=1, max_size=2),
            "select": st.sampled_from(SELECTS),
            "stop": st.sampled_from(["none", "diminishing_returns", "adaptive_consistency"]),
            "verify": st.sampled_from([None, {"attempts": 2}]),
        }
    ),
    st.lists(st.sampled_from("123"), min_size=1, max_size=5),
)
def test_no_run_spends_more_than_it_planned(drawn: dict[str, Any], texts: list[str]) -> None:
    solution = solved(model := answers(*texts), drawn)
    assert solution.status == "answered"
    assert solution.planned is not None
    assert model.completions == solution.spent <= solution.planned


# --- what choosing needs is held back -----------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "select", "samples", "comparisons"),
    [
        (6, "knockout", 2, 2),
        (7, "knockout", 3, 4),
        (2, "universal", 1, 0),
        (3, "universal", 2, 1),
        (10, {"method": "weighted_vote", "reward": "league"}, 3, 6),
        (16, {"method": "weighted_vote", "reward": "league"}, 4, 12),
        (9, {"method": "weighted_vote", "reward": "self_evaluation"}, 5, 4),
    ],
)
def test_what_the_choice_needs_is_held_back(
    budget: int, select: Any, samples: int, comparisons: int
) -> None:
    settings = {"budget": {"max": budget}, "select": select}
    model = answers("1", "2", "3", "4", "5", "6")
    solution = solved(model, settings)
    assert (
        len(model.requests) == samples + comparisons or model.completions == samples + comparisons
    )
    judged = sum(asked(model, words) for words in ("[[A]]", "ost consistent", "how likely"))
    assert judged == comparisons
    assert solution.spent == samples + comparisons


def test_a_small_model_leaves_the_larger_one_its_share() -> None:
    small, large = answers(*"123456789"), answers("42")
    settings = {
        "budget": {"max": 10},
        "models": {"large": {"name": "large"}},
        "cascade": {"models": ["large"], "stages": [{"strategy": "greedy"}]},
    }
    solution = solved(small, settings, large=large)
    assert (small.completions, large.completions) == (9, 1)
    assert solution.answer == "42"


# --- the check ----------------------------------------------------------------------------------


def checked(rejected: set[str]) -> its.Solution:
    """Six samples, three of each answer, where the check rejects some."""
    texts = iter(["7", "5"] * 3)

    def script(request: Request, number: int) -> str:
        prompt = request.messages[-1].content
        if "in another way" in prompt:
            return (
                "Verdict: no" if any(f"Answer: {r}" in prompt for r in rejected) else "Verdict: yes"
            )
        return f"So.\n\nAnswer: {next(texts)}"

    settings = {"stages": [{"strategy": "self_consistency", "n": 6}], "verify": {"attempts": 2}}
    return solved(FakeModel(script), settings)


def test_after_a_rejected_check_the_confidence_is_still_measured_on_all_votes() -> None:
    """Three of six is no more than that, though the other three failed their check."""
    solution = checked({"7"})
    assert (solution.answer, solution.verified) == ("5", True)
    assert solution.confidence == pytest.approx((3 - 0.5) / 6, abs=1e-4)


def test_a_rejected_answer_never_returns_unmarked() -> None:
    solution = checked({"7", "5"})
    assert (solution.answer, solution.verified) == ("7", False)
    assert solution.confidence == pytest.approx((3 - 0.5) / 6 / 2, abs=1e-4)


def test_an_answer_that_was_not_checked_beats_one_that_was_rejected() -> None:
    texts = iter(["7", "7", "5", "5", "3"])

    def script(request: Request, number: int) -> str:
        if "in another way" in request.messages[-1].content:
            return "Verdict: no"
        return f"So.\n\nAnswer: {next(texts)}"

    settings = {"stages": [{"strategy": "self_consistency", "n": 5}], "verify": {"attempts": 2}}
    solution = solved(FakeModel(script), settings)
    assert (solution.answer, solution.verified) == ("3", None)
    assert solution.confidence == pytest.approx(0.5 / 5, abs=1e-4)


# --- the confidence -----------------------------------------------------------------------------


@pytest.mark.parametrize("logprob", [-0.01, -0.7])
def test_a_single_answer_is_as_sure_as_its_own_tokens(logprob: float) -> None:
    tokens = tuple(TokenLogprob(word, logprob) for word in ("Answer:", " 7"))
    model = FakeModel(lambda request, number: ScriptedReply("Answer: 7", logprobs=tokens))
    (solution,) = its.solve(["?"], its.load_pipeline("greedy", model="f"), models={"model": model})
    assert model.requests[0].logprobs is not None
    assert solution.confidence == pytest.approx(math.exp(logprob), abs=1e-4)


def test_without_token_probabilities_a_single_answer_says_one_half() -> None:
    capabilities = replace(ALL_CAPABILITIES, logprobs=False)
    model = FakeModel(lambda request, number: "Answer: 7", capabilities=capabilities)
    (solution,) = its.solve(["?"], its.load_pipeline("greedy", model="f"), models={"model": model})
    assert model.requests[0].logprobs is None
    assert solution.confidence == 0.5


def test_a_calibration_turns_the_confidence_into_a_chance() -> None:
    """Four of four says .875, log-odds 1.946; halved and less one that is a chance of .493."""
    select = {"method": "vote", "calibration": [-1.0, 0.5]}
    stages = [{"strategy": "self_consistency", "n": 4}]
    solution = solved(answers("7"), {"select": select, "stages": stages})
    chance = 1 / (1 + math.exp(1.0 - 0.5 * math.log(0.875 / 0.125)))
    assert solution.confidence == pytest.approx(chance, abs=1e-4)
