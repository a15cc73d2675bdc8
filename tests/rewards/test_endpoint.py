"""Reward models behind an endpoint, each API over a real socket against a server that speaks it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from its.calls.account import Account
from its.calls.budget import Cap
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.calls.journal import Journal
from its.calls.retries import RetryPolicy
from its.candidates import Candidate, Score
from its.errors import ConfigurationError, EndpointError
from its.models.protocol import RemoteModel
from its.pipeline.clients import open_client
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline
from its.pipeline.reward_endpoints import open_reward, settings_of
from its.problems.problem import Question
from its.prompts import load_prompt_set
from its.rewards.endpoint import Api, EndpointReward
from its.rewards.served.adapters import ADAPTERS
from its.rewards.served.form import Form, known_form, known_rewards, on_unit
from tests.servers.rewards import RewardServer, chance, logit, reward_server

GREEDY = load_pipeline("greedy")
QUESTION = Question("What is 1 + 2 + 3?")
RIGHT = "1 + 2 = 3\n\n3 + 3 = 6"
WRONG = "1 + 2 = 4\n\n4 + 3 = 7"
OUTCOME = [
    "vllm_classify",
    "vllm_score",
    "sglang_classify",
    "sglang_v1_classify",
    "tei_predict",
    "tei_rerank",
    "llama_cpp_rerank",
    "llama_cpp_rerank_root",
    "llama_cpp_embeddings",
]
TELL_TOKENS = {api for api in ADAPTERS if api not in ("tei_predict", "tei_rerank")} - {
    "llama_cpp_embeddings"
}
TEMPLATE = "{question}\n{reply}"


def reward_of(server: RewardServer, api: str, **settings: Any) -> EndpointReward:
    if api == "vllm_pooling":
        settings = {"step_end": "<extra_0>", "step_separator": "", "positive": 1} | settings
    settings = {"aggregation": "min"} | settings
    return EndpointReward(server.url + "/v1", server.model, api, **settings)  # type: ignore[arg-type]


@asynccontextmanager
async def door_of(
    folder: Path, reward: EndpointReward, cap: Cap | None = None
) -> AsyncIterator[StageDoor]:
    """A door whose run knows the reward's model, over a journal in the folder."""
    settings = settings_of(reward)
    client = open_client(settings, GREEDY, open_reward(reward))
    client.retries = RetryPolicy(first=0.01)
    journal = Journal(folder)
    context = CallContext(journal, 0, {reward.role: client})
    problem = b"p" * 16
    account = Account(problem, 0, journal.calls_of(problem), journal.decisions_of(problem))
    account.open_budget(cap or Cap(), None)
    try:
        yield StageDoor(context, account, client, "selection", "vote", account.budget)
    finally:
        await client.model.close()
        journal.close()


async def scored(door: StageDoor, reward: EndpointReward, texts: Sequence[str]) -> list[Score]:
    candidates = [Candidate(f"a/{number}", text, None) for number, text in enumerate(texts)]
    return await reward.score(QUESTION, candidates, door, load_prompt_set("general"))


@pytest.mark.parametrize("api", OUTCOME)
async def test_every_api_gives_the_servers_own_outcome_score(tmp_path: Path, api: str) -> None:
    async with reward_server() as server:
        reward = reward_of(server, api, template=TEMPLATE)
        async with door_of(tmp_path, reward) as door:
            scores = await scored(door, reward, [WRONG, RIGHT, WRONG])
            charged = door.context.ledger.charged
    assert [score.value for score in scores] == pytest.approx(
        [chance(WRONG), chance(RIGHT), chance(WRONG)]
    )
    assert (charged.calls, charged.completions) == (server.calls, server.texts) == (1, 3)
    if api in TELL_TOKENS:
        assert (charged.prompt_tokens, charged.estimated_tokens) == (server.tokens, 0)
    else:
        assert charged.estimated_tokens == charged.prompt_tokens


@pytest.mark.parametrize("api", ["vllm_pooling", "chat_tokens"])
async def test_process_scores_are_kept_for_every_step(tmp_path: Path, api: str) -> None:
    async with reward_server() as server:
        reward = reward_of(server, api, aggregation="min")
        async with door_of(tmp_path, reward) as door:
            half = "1 + 2 = 3\n\n3 + 3 = 7"
            scores = await scored(door, reward, [RIGHT, half])
            charged = door.context.ledger.charged
    good, bad = chance("1 + 1 = 2"), chance("1 + 1 = 3")
    assert scores[0].details["steps"] == pytest.approx([good, good])
    assert scores[1].details["steps"] == pytest.approx([good, bad])
    assert [score.value for score in scores] == pytest.approx([good, bad])
    assert (charged.calls, charged.prompt_tokens) == (server.calls, server.tokens)


async def test_a_verdict_token_of_the_last_step_alone_takes_one_call(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "chat_tokens", aggregation="last")
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, [RIGHT])
    assert server.calls == reward.completions(1) == 1
    turns = [turn["content"] for turn in server.asked[0][1]["messages"]]
    assert turns == [f"{QUESTION.text} 1 + 2 = 3", "+", "3 + 3 = 6"]
    assert score.value == pytest.approx(chance(RIGHT))


async def test_the_first_of_too_many_steps_count_as_one(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "vllm_pooling", most_steps=2)
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, ["1 + 1 = 3\n\n1 + 1 = 2\n\n1 + 2 = 3"])
    assert score.details["steps"] == pytest.approx([chance("1 + 1 = 3"), chance("1 + 1 = 2")])


async def test_a_sequence_reward_comes_through_pooling_too(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(
            server, "vllm_pooling", scores="outcome", mapping="logistic", step_end=""
        )
        async with door_of(tmp_path, reward) as door:
            scores = await scored(door, reward, [RIGHT, WRONG])
    assert [score.value for score in scores] == pytest.approx([chance(RIGHT), chance(WRONG)])
    assert [body["task"] for _, body in server.asked] == ["classify", "classify"]


async def test_bradley_terry_logits_are_mapped_with_their_scale(tmp_path: Path) -> None:
    async with reward_server() as server:
        settings: dict[str, Any] = {"template": TEMPLATE, "mapping": "logistic", "scale": 4.0}
        reward = reward_of(server, "vllm_classify", offset=0.5, **settings)
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, [RIGHT])
    assert server.asked[0][1]["use_activation"] is False
    assert score.value == pytest.approx(1 / (1 + math.exp(-(logit(RIGHT) - 0.5) / 4.0)))


async def test_a_logit_is_not_taken_for_a_probability(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "llama_cpp_rerank", mapping="identity")
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, [RIGHT])
    assert score.value is None
    assert "mapping: logistic" in score.reason


@pytest.mark.slow
@pytest.mark.parametrize("api", OUTCOME)
async def test_replies_share_calls_of_at_most_a_batch(tmp_path: Path, api: str) -> None:
    async with reward_server() as server:
        reward = reward_of(server, api, template=TEMPLATE, batch=2)
        async with door_of(tmp_path, reward) as door:
            scores = await scored(door, reward, [RIGHT, WRONG, RIGHT, WRONG, RIGHT])
    assert (server.calls, server.texts) == (3, 5)
    good, bad = chance(RIGHT), chance(WRONG)
    assert [score.value for score in scores] == pytest.approx([good, bad, good, bad, good])


@pytest.mark.slow
@pytest.mark.parametrize("api", sorted(ADAPTERS))
async def test_a_passing_fault_is_tried_again(tmp_path: Path, api: str) -> None:
    async with reward_server(blips=[503]) as server:
        reward = reward_of(server, api)
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, ["1 + 2 = 3"])
            charged = door.context.ledger
    assert score.value == pytest.approx(chance(RIGHT))
    assert (charged.charged.calls, charged.failed_calls) == (server.calls, 1) == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("api", sorted(ADAPTERS))
async def test_what_is_too_long_costs_only_itself(tmp_path: Path, api: str) -> None:
    async with reward_server(longest=40) as server:
        reward = reward_of(server, api, template=TEMPLATE)
        async with door_of(tmp_path, reward) as door:
            long = "1 + 2 = 3 " + "and so on " * 40
            scores = await scored(door, reward, ["1 + 2 = 3", long, "1 + 2 = 4"])
            charged = door.context.ledger.charged
    assert [score.value for score in scores] == [
        pytest.approx(chance(RIGHT)),
        None,
        pytest.approx(chance(WRONG)),
    ]
    assert charged.completions == server.texts == 2
    assert charged.calls == server.calls


@pytest.mark.slow
@pytest.mark.parametrize("bare", [False, True], ids=["null", "NaN"])
@pytest.mark.parametrize("api", sorted(ADAPTERS))
async def test_a_score_that_is_no_number_is_an_abstention(
    tmp_path: Path, api: str, bare: bool
) -> None:
    async with reward_server(bare_nan=bare) as server:
        reward = reward_of(server, api, template=TEMPLATE)
        async with door_of(tmp_path, reward) as door:
            scores = await scored(door, reward, ["1 + 2 = 3", "NAN"])
    assert scores[0].value == pytest.approx(chance(RIGHT))
    assert scores[1].value is None
    assert "no finite number" in scores[1].reason


@pytest.mark.parametrize("api", ["vllm_pooling", "vllm_classify", "vllm_score", "chat_tokens"])
async def test_a_model_that_the_server_does_not_have_is_said(tmp_path: Path, api: str) -> None:
    async with reward_server() as server:
        reward = replace(reward_of(server, api), model="another")
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, ["1 + 2 = 3"])
    assert score.value is None
    assert "`another` does not exist" in score.reason
    assert server.calls == 1, "what is wrong for good is not tried again"


@pytest.mark.slow
@pytest.mark.parametrize("api", [*OUTCOME, "vllm_pooling"])
async def test_a_missing_score_is_an_abstention(tmp_path: Path, api: str) -> None:
    async with reward_server(drops=True) as server:
        reward = reward_of(server, api, template=TEMPLATE)
        async with door_of(tmp_path, reward) as door:
            scores = await scored(door, reward, [RIGHT, RIGHT])
    assert scores[1].value is None
    assert "came for" in scores[1].reason or "no finite" in scores[1].reason


async def test_what_the_budget_cannot_hold_together_is_sent_alone(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "tei_rerank")
        async with door_of(tmp_path, reward, Cap(completions=2)) as door:
            scores = await scored(door, reward, [RIGHT, WRONG, RIGHT])
    assert [score.value is None for score in scores] == [False, False, True]
    assert server.texts == 2


async def test_a_resumed_run_pays_no_score_again(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "vllm_score")
        for _ in range(2):
            async with door_of(tmp_path, reward) as door:
                scores = await scored(door, reward, [RIGHT, WRONG])
                usage = door.account.usage
    assert server.calls == usage.calls == 1
    assert [score.value for score in scores] == pytest.approx([chance(RIGHT), chance(WRONG)])


async def test_a_text_cannot_add_a_step_mark(tmp_path: Path) -> None:
    async with reward_server() as server:
        reward = reward_of(server, "vllm_pooling")
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, ["1 + 2 = 3 <extra_0>\n\n3 + 3 = 6"])
    assert len(score.details["steps"]) == 2


@pytest.mark.parametrize(("drops", "said"), [(True, "1 scores came"), (False, "3 scores came")])
async def test_another_number_of_scores_than_steps_is_an_abstention(
    tmp_path: Path, drops: bool, said: str
) -> None:
    async with reward_server(drops=drops) as server:
        separator = "" if drops else "<extra_0>"
        reward = reward_of(server, "vllm_pooling", step_separator=separator)
        async with door_of(tmp_path, reward) as door:
            (score,) = await scored(door, reward, [RIGHT])
    assert score.value is None
    assert score.reason.startswith(f"{said} for 2 steps")


# --- before a run -------------------------------------------------------------------------------


@pytest.mark.parametrize("api", sorted(ADAPTERS))
async def test_the_probe_finds_that_it_scores(api: str) -> None:
    async with reward_server() as server:
        model = open_reward(reward_of(server, api))
        assert isinstance(model, RemoteModel), "its probe is journaled"
        found, usage = await model.probe()
        await model.close()
    assert (usage.calls, usage.completions) == (server.calls, server.texts) == (1, 1)
    assert api in found.notes[0]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "another", "api": "vllm_score"}, "does not exist"),
        ({"model": "toy-reward", "api": "vllm_classify", "base": "/nowhere"}, "404"),
    ],
)
async def test_what_scores_nothing_is_refused_before_the_run(
    settings: dict[str, Any], said: str
) -> None:
    async with reward_server() as server:
        url = server.url + settings.pop("base", "")
        model = open_reward(EndpointReward(url, **settings))
        with pytest.raises(EndpointError, match=said):
            await model.probe()
        await model.close()


def test_an_unknown_model_needs_an_api_and_says_so() -> None:
    with pytest.raises(ConfigurationError, match="set the reward's `api` to one of vllm_pooling"):
        EndpointReward("http://localhost", "unheard-of")


def test_step_scores_are_not_asked_of_an_api_without_them() -> None:
    with pytest.raises(ConfigurationError, match="no step scores"):
        EndpointReward("http://localhost", "x", "tei_rerank", scores="steps")


def test_the_apis_of_the_configuration_are_the_adapters() -> None:
    assert set(get_args(Api)) == {"auto", *ADAPTERS}


# --- known models -------------------------------------------------------------------------------


def test_every_known_model_names_an_api_its_source_and_a_day() -> None:
    for known in known_rewards():
        assert known.form.api in ADAPTERS
        assert known.source.startswith("https://")
        assert len(known.as_of) == 10


def test_the_qwen_process_reward_model_is_asked_as_its_card_says() -> None:
    form = known_form("Qwen/Qwen2.5-Math-PRM-7B")
    assert form is not None
    text = form.text("1 + 1?", ("one", "two"))
    assert text.endswith("<|im_start|>assistant\none<extra_0>two<extra_0><|im_end|><|endoftext|>")
    assert (form.scores, form.positive, form.mapping) == ("steps", 1, "identity")


def test_braces_in_a_question_are_only_text() -> None:
    assert Form(template=TEMPLATE).text("{reply}", ("{question}",)) == "{reply}\n{question}"


@pytest.mark.parametrize("value", [-1e6, -700.0, -1.0, 0.0, 1.0, 30.0])
def test_the_logistic_stays_within_its_range(value: float) -> None:
    unit = on_unit(value, Form(mapping="logistic"))
    assert unit is not None
    assert 0 < unit < 1


# --- in a pipeline ------------------------------------------------------------------------------


def pipeline_with(reward: dict[str, Any]) -> Pipeline:
    return load_pipeline("best_of_n", {"select.reward": {"method": "endpoint", **reward}})


def test_a_pipeline_calls_the_model_name_and_keeps_it() -> None:
    given = {"base_url": "http://localhost:8000", "name": "Qwen/Qwen2.5-Math-PRM-7B"}
    pipeline = pipeline_with(given)
    assert pipeline.select.reward is not None
    built = pipeline.select.reward.build()
    assert isinstance(built, EndpointReward)
    assert (built.model, built.adapter.name) == (given["name"], "vllm_pooling")
    assert pipeline.model_dump(mode="json")["select"]["reward"]["name"] == given["name"]
