"""Pipeline files: every fault at once, each with its path and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.allocation.amounts import parse_amount
from its.allocation.difficulty import ProbeDifficulty
from its.errors import ConfigurationError
from its.pipeline.clients import all_prompts
from its.pipeline.load import load_pipeline, parse_override, preset_names
from its.runs.fingerprint import differences, fingerprint, identity_of
from its.strategies.attempts import Attempts


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "pipeline.yaml"
    path.write_text(text)
    return str(path)


def identity(config: str = "thorough", *overrides: str) -> dict[str, object]:
    pipeline = load_pipeline(config, [parse_override(override) for override in overrides])
    return identity_of(pipeline, all_prompts(pipeline), baseline=False)


def test_all_errors_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """\
budget:
  max: lots
stages:
  - strategy: attempts
    n: 0
  - strategy: atempts
select: {method: vote, rewards: 3}
"""
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(written(tmp_path, text))
    told = str(caught.value)
    for place in ("line 2: budget.max", "line 5: stages.0.n", "line 6: stages.1", "line 7: select"):
        assert place in told
    assert "its schema" in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages: [", "line 1"),
        ("- a list", "mapping"),
        ("stages: [{strategy: greedy, model: large}]", "large"),
        ("{stages: [{strategy: greedy}], budget: {usd: 1}}", "price"),
        ("{stages: [{strategy: deep_reasoning}], budget: {batch: 40}}", "independent samples"),
        ("{stages: [{strategy: greedy}], cascade: {models: [large]}}", "large"),
    ],
)
def test_what_does_not_fit_together_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        load_pipeline(written(tmp_path, text))


def test_list_items_are_overridden_by_number() -> None:
    pipeline = load_pipeline("thorough", [parse_override("stages.0.n=3")])
    assert pipeline.stages[0].build() == Attempts(n=3)
    with pytest.raises(ConfigurationError, match="items 0 to 2"):
        load_pipeline("thorough", [parse_override("stages.7.n=3")])


@pytest.mark.parametrize(
    ("override", "judge"),
    [
        ("select.reward=likelihood", "small-verifier"),
        ("select.reward={method: likelihood}", "small-verifier"),
        ("stages.0.reward=likelihood", "small-verifier"),
        ("select.reward=self_evaluation", "small-judge"),
        ("judge.name=embedded:large-solver", "large-solver"),
    ],
)
def test_the_embedded_verifier_reads_and_the_embedded_judge_writes(
    override: str, judge: str
) -> None:
    pipeline = load_pipeline("thorough", [parse_override(override)])
    assert pipeline.judge
    assert pipeline.judge.name == f"embedded:{judge}"


def test_a_misspelt_preset_is_guessed() -> None:
    with pytest.raises(ConfigurationError, match="adaptive"):
        load_pipeline("adaptiv")


@pytest.mark.parametrize("name", preset_names())
def test_presets_build(name: str) -> None:
    pipeline = load_pipeline(name)
    assert [stage.build() for stage in pipeline.stages]
    assert pipeline.select.build()


@pytest.mark.parametrize(
    "override",
    [
        "stages.0.n=6",
        "model.temperature=0.5",
        "seed=1",
        "prompts.overrides.attempt=Solve {question}",
    ],
)
def test_what_can_change_a_result_changes_the_fingerprint(override: str) -> None:
    assert fingerprint(identity("thorough", override)) != fingerprint(identity())


@pytest.mark.parametrize(
    "override",
    [
        "model.concurrency=3",
        "model.base_url=http://elsewhere/v1",
        "model.price.input=3",
        "model.retries.attempts=2",
        "model.api_key_env=OTHER",
    ],
)
def test_what_cannot_change_a_result_does_not(override: str) -> None:
    assert fingerprint(identity("thorough", override)) == fingerprint(identity())


def test_differences_are_reported_by_path() -> None:
    assert differences(identity(), identity("thorough", "stages.0.n=6")) == ["stages.0.n: 5 → 6"]


@given(number=st.integers(1, 10**6), scale=st.sampled_from(["", "k", "M"]))
def test_amounts_read_as_people_write_them(number: int, scale: str) -> None:
    value = number * {"": 1, "k": 1000, "M": 1_000_000}[scale]
    limit = parse_amount(f"{number}{scale}tok")
    assert (limit.value, limit.unit) == (value, "tokens")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("40", 40, "completions"), ("0.5usd", 0.5, "usd"), ("30s", 30, "seconds")],
)
def test_units(text: str, value: float, unit: str) -> None:
    limit = parse_amount(text)
    assert (limit.value, limit.unit) == (value, unit)


@pytest.mark.parametrize("text", ["", "0", "-3", "1.5", "forty", "3 pounds", "nan", "1e9"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write 40"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("modle.name=x", "`model`"),
        ("model.tempertaure=1", "`temperature`"),
        ("model.price.inptu=1", "`input`"),
        ("models.small.nmae=x", "`name`"),
        ("judge.nmae=x", "`name`"),
        ("difficulty={method: probe, sampels: 3}", "`samples`"),
        ("stages.0.fom_budget=3", "`from_budget`"),
        ("select.rewrd=x", "`reward`"),
        ("select.reward={metod: generalist}", "`method`"),
        ("select={method: vote, reward: {method: generalist, sampels: 3}}", "`samples`"),
        ("stop.loookahead=2", "`lookahead`"),
        ("cascade={models: [a], treshold: 1}", "`threshold`"),
        ("temperature=1", "`model.temperature`"),
        ("usd=1", "`budget.usd`"),
        ("Seed=1", "`seed`"),
        ("answers.kind=nubmer", "'number'"),
    ],
)
def test_a_mistyped_key_gets_a_suggestion(override: str, meant: str) -> None:
    with pytest.raises(ConfigurationError, match=f"did you mean {meant}"):
        load_pipeline("thorough", [parse_override(override)])


def test_a_key_that_is_like_no_other_gets_no_hint() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline("greedy", {"zzzz": 1, "x" * 5000: 2})
    assert "did you mean" not in str(caught.value)


def test_a_setting_of_a_part_that_stands_by_its_bare_name_keeps_the_part() -> None:
    pipeline = load_pipeline("greedy", {"difficulty": "probe", "difficulty.samples": 7})
    assert pipeline.difficulty.build() == ProbeDifficulty(samples=7)
