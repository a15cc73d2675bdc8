"""`cut` in a pipeline file: what it takes, and what it is refused with."""

from __future__ import annotations

import pytest

import its
from its.allocation.cutting_rules import LowConfidence, Repetition, Shortest
from its.errors import ConfigurationError
from its.models.protocol import Capabilities
from its.pipeline.batching import for_batch
from its.pipeline.clients import streams_calls
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline
from its.pipeline.preflight import preflight
from its.runs.fingerprint import identity_of
from its.testing import FakeModel

MODEL = "http://127.0.0.1:9/v1"


def load(stage: dict[str, object], **more: object) -> Pipeline:
    overrides = {"stages": [stage], "select": "vote", **more}
    return load_pipeline("self_consistency", overrides, model="m", base_url=MODEL)


def sampling(**stage: object) -> dict[str, object]:
    return {"strategy": "self_consistency", **stage}


def test_one_rule_by_its_name_or_several_with_their_settings() -> None:
    (stage,) = load(sampling(cut="shortest")).stages
    assert [rule.build() for rule in stage.cut] == [Shortest(m=3)]
    rules = [{"rule": "deepconf", "keep": 0.5}, "repetition"]
    (stage,) = load(sampling(cut=rules, logprobs=20)).stages
    assert [rule.build() for rule in stage.cut] == [LowConfidence(keep=0.5), Repetition()]


@pytest.mark.parametrize(
    ("stage", "more", "said"),
    [
        (sampling(cut="deepconf"), {}, "set the stage's `logprobs: 20`"),
        (sampling(cut="deepconf", logprobs=True), {}, "set the stage's `logprobs: 20`"),
        ({"strategy": "best_of_n", "cut": "deepconf"}, {}, "take self_consistency with `logprobs"),
        ({"strategy": "deep_reasoning", "cut": "shortest"}, {}, "deep_reasoning draws none"),
        (sampling(cut="shortest"), {"budget.batch": "40"}, "leave one of the two out"),
        (
            sampling(cut="shortest", models=["model", "b"]),
            {"models.b": {"name": "b", "base_url": MODEL}},
            "compares the samples of one model",
        ),
        (sampling(cut=[{"rule": "shorter"}]), {}, "shortest"),
        (sampling(cut={"rule": "shortest", "k": 3}), {}, "k"),
    ],
)
def test_what_cannot_be_cut_is_said_before_the_first_call(
    stage: dict[str, object], more: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(stage, **more)
    assert said in str(refused.value)
    assert "cut" in str(refused.value)


def test_a_loop_can_be_cut_under_one_budget_for_the_batch() -> None:
    assert load(sampling(cut="repetition"), **{"budget.batch": "40"}).stages[0].cut


def test_an_endpoint_without_probabilities_is_refused() -> None:
    pipeline = load(sampling(cut="deepconf", logprobs=20))
    (fault,) = preflight(pipeline, {"model": Capabilities(logprobs=False)})
    assert "needs token probabilities" in fault.sentence
    assert not preflight(pipeline, {"model": Capabilities(logprobs=True)})


def test_what_may_be_cut_is_streamed() -> None:
    plain, cut = load(sampling()), load(sampling(cut="shortest"))
    assert not streams_calls(plain.model, plain)
    assert streams_calls(cut.model, cut)


def test_a_batch_cannot_watch_its_samples() -> None:
    with pytest.raises(ConfigurationError, match="watches them while they are written"):
        for_batch(load(sampling(cut="shortest")))


def test_runs_from_before_there_was_cut_have_the_identity_that_they_had() -> None:
    (plain,) = identity_of(load(sampling()), {}, baseline=False)["stages"]
    assert "cut" not in plain
    (cut,) = identity_of(load(sampling(cut="shortest")), {}, baseline=False)["stages"]
    assert cut["cut"] == [{"rule": "shortest", "m": 3}]


def test_a_problem_whose_samples_all_repeat_themselves_says_so() -> None:
    model = FakeModel(lambda request, number: "Let me think again about it. " * 60)
    pipeline = load(sampling(n=3, cut="repetition"))
    (solution,) = its.solve(["Which?"], pipeline, models={"model": model})
    assert solution.status == "unanswered"
    assert solution.error is not None
    assert "the model repeated itself in 3 of 3 completions" in solution.error


def test_the_shortest_samples_answer() -> None:
    texts = ["Answer: 7", "so, so, so. Answer: 8", "well, well, well, well. Answer: 8"]
    model = FakeModel(lambda request, number: texts[number])
    pipeline = load(sampling(n=3, cut={"rule": "shortest", "m": 1}))
    (solution,) = its.solve(["Which?"], pipeline, models={"model": model})
    assert solution.answer == "7"
    assert solution.usage.completions == 3
