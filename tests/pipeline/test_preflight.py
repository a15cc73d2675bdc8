"""What cannot work is refused before the first paid call, all at once, each with its fix."""

from __future__ import annotations

import pytest

from its.errors import ConfigurationError
from its.models.protocol import Capabilities
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline, parse_override, preset_names
from its.pipeline.preflight import preflight

ABLE = Capabilities(n=True, continues="trailing", logprobs=True, scores=True)
PRICED = ("model.price={input: 1, output: 2}",)


def loaded(preset: str, *overrides: str) -> Pipeline:
    return load_pipeline(preset, [parse_override(one) for one in ("model.name=m", *overrides)])


def faults(pipeline: Pipeline, found: Capabilities = ABLE) -> list[str]:
    roles = ("model", "judge", *pipeline.models)
    return [fault.sentence for fault in preflight(pipeline, dict.fromkeys(roles, found))]


@pytest.mark.parametrize("preset", sorted({*preset_names()} - {"cascade"}))
def test_every_preset_passes_on_a_model_that_can_do_all(preset: str) -> None:
    assert faults(loaded(preset)) == []


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("select=weighted_vote",), ["select: weighted_vote needs a reward", "vote"]),
        (("select=best_of_n",), ["select: best_of_n needs a reward"]),
        (
            ("stages=[{strategy: beam}]",),
            ["stages.0: strategy beam needs a reward"],
        ),
        (
            ("stages=[{strategy: beam, reward: {method: choice, choices: [a]}}]",),
            ["scores whole ones only"],
        ),
        (
            ("models={large: {name: l}}", "cascade={models: [large], stages: [{strategy: mcts}]}"),
            ["cascade.stages.0: strategy mcts needs a reward"],
        ),
        (("stages=[{strategy: greedy, model: large}]",), ["no model 'large'", "add it there"]),
        (
            ("stages=[{strategy: attempts, models: [model, large]}]",),
            ["stages.0.models: no model 'large'"],
        ),
        (
            ("models={large: {name: l}}", "stages=[{strategy: beam, models: [model, large]}]"),
            ["stages.0.models: strategy beam takes one model", "attempts", "ab_mcts"],
        ),
        (
            ("stages=[{strategy: attempts, model: m, models: [model]}]", "models={m: {name: l}}"),
            ["has `model` and `models`"],
        ),
        (("stages=[{strategy: attempts, models: [model, model]}]",), ["names a model twice"]),
        (
            ("stages=[{strategy: ab_mcts, models: {model: 2}, reward: self_evaluation}]",),
            ["chooses models by their scores"],
        ),
        (
            (
                "models={l: {name: l}}",
                "cascade={models: [l], stages: [{strategy: attempts, models: [l]}]}",
            ),
            ["cascade.stages.0.models: the cascade says which model"],
        ),
        (
            (*PRICED, "budget.usd=1", "models={l: {name: l}}", "stages.0.models=[model, l]"),
            ["models.l.price.input"],
        ),
        (("budget.usd=1",), ["model.price.input", "model.price.output"]),
        (
            (*PRICED, "budget.usd=1", "judge={name: j}", "select.reward=self_evaluation"),
            ["judge.price.input"],
        ),
        (
            (*PRICED, "budget.batch=2usd", "models={large: {name: l}}"),
            ["budget.batch needs the price of l", "models.large.price.input"],
        ),
        (
            ("select={method: weighted_vote, reward: mean_logprob}",),
            ["logprobs: true", "self_consistency"],
        ),
    ],
)
def test_what_cannot_work_is_refused_with_the_fix(
    overrides: tuple[str, ...], said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded("self_consistency", *overrides)
    for words in said:
        assert words in str(caught.value)


def test_all_faults_come_at_once_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded("self_consistency", "stages=[{strategy: beam}]", "select=cisc", "budget.usd=1")
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("preset", "overrides", "found", "said"),
    [
        (
            "greedy",
            ("stages=[{strategy: beam, reward: self_evaluation}]",),
            Capabilities(continues="no"),
            "continues partial answers, which m does not",
        ),
        (
            "self_consistency",
            ("select.reward=p_true",),
            Capabilities(),
            "needs token probabilities",
        ),
        (
            "self_consistency",
            ("stages.0.logprobs=true", "select.reward=mean_logprob"),
            Capabilities(),
            "needs token probabilities",
        ),
        ("embedded", (), Capabilities(continues="trailing", logprobs=True), "given texts"),
        ("greedy", ("model.max_tokens=512",), Capabilities(context=512), "max_tokens to 256"),
    ],
)
def test_what_the_model_cannot_do_is_refused(
    preset: str, overrides: tuple[str, ...], found: Capabilities, said: str
) -> None:
    assert any(said in sentence for sentence in faults(loaded(preset, *overrides), found))


def test_each_model_of_a_shared_stage_is_checked() -> None:
    shared = loaded(
        "self_consistency",
        "models={large: {name: l}}",
        "stages=[{strategy: attempts, models: [model, large], logprobs: true}]",
        "select={method: weighted_vote, reward: mean_logprob}",
    )
    able = {"model": ABLE, "judge": ABLE, "large": Capabilities()}
    faults_found = [fault.sentence for fault in preflight(shared, able)]
    assert len(faults_found) == 1
    assert "which l does not give" in faults_found[0]


def test_a_price_of_nothing_is_a_price_and_a_judge_that_is_never_asked_needs_none() -> None:
    free = ("model.price={input: 0, output: 0}", "budget.usd=1", "judge={name: j}")
    assert faults(loaded("self_consistency", *free)) == []


def test_a_model_whose_name_begins_like_the_embedded_ones_is_any_model() -> None:
    pipeline = load_pipeline(None, [("model.name", "embedded-qwen")])
    assert pipeline == load_pipeline("adaptive", [("model.name", "embedded-qwen")])
    assert pipeline.judge is None
