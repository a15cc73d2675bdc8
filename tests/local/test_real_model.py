"""SmolLM2-135M, a real language model, by its file: what random weights cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from its.errors import PromptTooLong
from its.models.local.gguf_file import read_gguf
from its.models.local.machine import Serving, processors
from its.models.local.model import LocalModel
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Received, Reply, Request
from its.problems.problem import Message
from tests.local.files import smollm
from tests.runs.command import compute_of, finish, its, rows_of

CONTEXT = 1024
CAPITAL = Request(
    (
        Message("system", "You are a helpful assistant."),
        Message("user", "What is the capital of France?"),
    ),
    24,
    0.0,
)


@pytest.fixture(scope="module")
def file() -> Path:
    return smollm()


@pytest.fixture
async def model(file: Path) -> AsyncIterator[LocalModel]:
    how = Serving(min(2, processors()), 2, CONTEXT)
    opened = LocalModel(read_gguf(file), how, OpenAISettings("smollm", "http://127.0.0.1"))
    yield opened
    await opened.close()


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


async def ask(model: LocalModel, request: Request, n: int = 1) -> Reply:
    return await model.complete(request, n, received=Received())


async def test_its_chat_template_is_used(model: LocalModel) -> None:
    """Asked as a chat, it answers and ends its turn by itself."""
    reply = await ask(model, replace(CAPITAL, max_tokens=64))
    assert "Paris" in reply.completions[0].text
    assert reply.completions[0].finish != "length"
    assert "<|im_" not in reply.completions[0].text
    assert reply.usage.prompt_tokens is not None
    assert reply.usage.prompt_tokens > len(CAPITAL.messages[1].content.split())


async def test_the_flops_are_those_of_the_size_in_the_file(file: Path) -> None:
    parameters = read_gguf(file).parameters
    how = Serving(1, 1, CONTEXT)
    settings = OpenAISettings("smollm", "http://127.0.0.1", parameters=parameters)
    opened = LocalModel(read_gguf(file), how, settings)
    try:
        usage = (await ask(opened, replace(CAPITAL, max_tokens=2))).usage
    finally:
        await opened.close()
    assert usage.flops is not None
    assert usage.tokens is not None
    assert usage.flops == pytest.approx(2 * parameters * usage.tokens, rel=0.3)


async def test_a_character_split_over_tokens_arrives_whole(model: LocalModel) -> None:
    words = "Repeat exactly: 日本語 🙂 Ωmega"
    reply = await ask(model, Request((Message("user", words),), 40, 0.0, continues="日本語 🙂"))
    assert "\ufffd" not in reply.completions[0].text
    assert reply.usage.completion_tokens


async def test_a_stop_string_ends_it_and_is_cut_off(model: LocalModel) -> None:
    whole = (await ask(model, CAPITAL)).completions[0].text
    reply = await ask(model, replace(CAPITAL, stop=("Paris",)))
    assert reply.completions[0].text == whole.split("Paris")[0]
    assert reply.completions[0].finish in ("stop", "stop_string")


async def test_a_partial_answer_is_carried_on(model: LocalModel) -> None:
    reply = await ask(model, replace(CAPITAL, continues="The capital of France is"))
    assert reply.completions[0].text.lstrip().startswith("Paris")


async def test_log_probabilities_spell_the_text(model: LocalModel) -> None:
    completion = (await ask(model, replace(CAPITAL, logprobs=3))).completions[0]
    assert completion.logprobs is not None
    spelt = "".join(entry.token for entry in completion.logprobs)
    assert spelt.startswith(completion.text)
    for entry in completion.logprobs:
        assert entry.logprob <= 0
        assert len(entry.top) == 3
        assert entry.logprob == pytest.approx(max(value for _, value in entry.top), abs=1e-3)


async def test_n_completions_differ_and_all_are_counted(model: LocalModel) -> None:
    request = Request((Message("user", "Write one sentence on the sea."),), 16, 1.0, seed=3)
    reply = await ask(model, request, 2)
    first, second = reply.completions
    assert first.text != second.text
    assert reply.usage.completions == 2
    assert reply.usage.completion_tokens == sum(c.tokens or 0 for c in reply.completions) or (
        16 < (reply.usage.completion_tokens or 0) <= 32
    )


async def test_a_prompt_longer_than_its_context(model: LocalModel) -> None:
    with pytest.raises(PromptTooLong):
        await ask(model, Request((Message("user", "word " * 2 * CONTEXT),), 4))


async def test_a_long_prompt_that_fits(model: LocalModel) -> None:
    reply = await ask(model, Request((Message("user", "word " * (CONTEXT // 2)),), 4, 0.0))
    assert (reply.usage.prompt_tokens or 0) > CONTEXT // 2


async def test_a_cancelled_call_leaves_the_model_free(model: LocalModel) -> None:
    received = Received()
    story = Request((Message("user", "Tell a long story."),), 800, 1.0)
    calls = [
        asyncio.create_task(model.complete(story, received=received if i == 0 else Received()))
        for i in range(2)
    ]
    while not received.sent:  # noqa: ASYNC110 (a counter)
        await asyncio.sleep(0.01)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    assert (await ask(model, replace(CAPITAL, max_tokens=2))).usage.completions == 1


@pytest.mark.parametrize(
    "stage",
    [
        "{strategy: beam, n: 2, branching: 1, max_steps: 2, step_tokens: 24}",
        "{strategy: particle_filter, n: 2, max_steps: 2, step_tokens: 24}",
    ],
)
def test_a_search_from_end_to_end_adds_up(file: Path, tmp_path: Path, stage: str) -> None:
    config, problems, run = (tmp_path / name for name in ("p.yaml", "problems.jsonl", "run"))
    config.write_text(
        f"model: {{file: {file}, max_tokens: 48, concurrency: 2}}\n"
        "budget: {max: 24}\n"
        f"stages: [{stage}]\n"
        "select: {method: weighted_vote, reward: {method: self_evaluation}}\n"
    )
    problems.write_text('{"id": "a", "question": "What is 3 + 4?", "answer": "7"}\n')
    command = its("solve", str(problems), "-q", "-c", str(config), "-o", str(run))
    code, _, err = finish(command, timeout=500)
    assert code in (0, 3), err
    accounts, (row,) = compute_of(run), rows_of(run)
    totals = accounts["totals"]
    for column in ("calls", "completions", "prompt_tokens", "completion_tokens"):
        assert totals[column] == sum(bill[column] for bill in accounts["by_stage"].values())
        assert totals[column] == row["usage"][column] + accounts["unattributed"][column]
    assert totals["estimated"] == 0
    assert 0 < totals["completions"] <= 24
