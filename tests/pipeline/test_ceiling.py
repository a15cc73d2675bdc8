"""The most that a run can spend is told before it spends, and is never exceeded."""

from __future__ import annotations

import pytest

from its.pipeline.ceiling import Ceiling, ceiling, most_completions
from its.pipeline.clients import all_prompts
from its.pipeline.load import load_pipeline, parse_override

PRICED = ("model.name=m", "model.price.input=1", "model.price.output=2")


def bound(*overrides: str, questions: list[str] | None, baseline: bool = False) -> Ceiling:
    pipeline = load_pipeline("self_consistency", [parse_override(one) for one in overrides])
    return ceiling(pipeline, all_prompts(pipeline), questions, baseline)


def test_completions_are_the_budget_of_every_problem_and_the_baseline() -> None:
    asked = ["What is 2 + 2?", "What is 3 + 3?"]
    assert bound("budget.max=7", questions=asked).completions == 14
    assert bound("budget.max=7", questions=asked, baseline=True).completions == 16


def test_a_stream_is_bounded_by_the_problem() -> None:
    stream = bound(*PRICED, questions=None)
    assert stream.problems is None
    assert "per problem" in stream.in_words()


def test_money_is_unknown_without_a_price_and_capped_by_the_budget_with_one() -> None:
    assert bound("model.name=m", questions=["?"]).usd is None
    free = bound(*PRICED, questions=["?"]).usd
    assert free is not None
    assert free > 0.001
    assert bound(*PRICED, "budget.usd=0.001", questions=["?"]).usd == pytest.approx(0.001)


def test_token_caps_bound_the_tokens() -> None:
    assert bound("budget.tokens=500", questions=["?", "!"]).tokens == 1000


def test_prompts_that_show_every_candidate_count_them_all() -> None:
    few = bound("model.name=m", questions=["?"]).tokens
    many = bound("model.name=m", "select.method=universal", questions=["?"]).tokens
    assert many > 5 * few


def test_no_call_holds_more_than_the_context_of_its_model() -> None:
    pipeline = load_pipeline("embedded", [parse_override("model.name=embedded")])
    most = ceiling(pipeline, all_prompts(pipeline), ["1+1"], baseline=False)
    assert most.tokens == most.completions * 2048


@pytest.mark.parametrize(
    ("preset", "overrides", "completions"),
    [
        ("greedy", (), 1),
        ("self_consistency", (), 16),
        ("best_of_n", (), 16),
        ("deep_reasoning", (), 8),
        ("thorough", (), 64),
        ("adaptive", (), 16),
        ("thorough", ("difficulty=fixed", "stages=[{strategy: attempts, n: 3}]"), 6),
        ("thorough", ("difficulty=ask", "stages=[{strategy: attempts, n: 3}]"), 7),
        ("thorough", ("difficulty={method: fixed, value: 2}",), 20),
        ("greedy", ("select.method=universal", "stages=[{strategy: debate}]"), 7),
        ("greedy", ("verify={attempts: 2}",), 3),
    ],
)
def test_the_bound_is_what_the_stages_can_spend(
    preset: str, overrides: tuple[str, ...], completions: int
) -> None:
    pipeline = load_pipeline(preset, [parse_override(one) for one in ("model.name=m", *overrides)])
    assert most_completions(pipeline) == completions


def test_one_budget_for_the_batch_bounds_the_batch() -> None:
    asked = ["?"] * 10
    assert bound("model.name=m", "budget.batch=40", questions=asked).completions == 40
    assert (
        bound("model.name=m", "budget.batch=40", questions=asked, baseline=True).completions == 50
    )
    assert bound("model.name=m", "budget.batch=3ktok", questions=asked).tokens == 3000
