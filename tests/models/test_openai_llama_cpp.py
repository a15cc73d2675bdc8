"""The same model against a real llama.cpp server, whose own counters are the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from its.errors import PermanentCallError, PromptTooLong
from its.models.openai.model import OpenAIModel
from its.models.protocol import Capabilities, Received, Request
from its.models.watching import Cut
from its.problems.problem import Message
from tests.embedded.random_weights import random_weights
from tests.models.conftest import Open
from tests.servers.llama_cpp import Counters, LlamaCpp, llama_cpp

REQUEST = Request((Message("user", "3+4*2"),), 12, 0.0)
LLAMA_CPP = Capabilities(
    n=True,
    usage="one_choice",
    continues="trailing",
    echoes_prefix=True,
    trims_stop=True,
    names_stop=False,
    logprobs=True,
    streams=True,
    json_schema=True,
    context=1024,
)


@pytest.fixture(scope="module")
def server() -> Iterator[LlamaCpp]:
    pytest.importorskip("xllamacpp", reason="needs a llama.cpp server: pip install xllamacpp")
    pytest.importorskip("gguf", reason="needs GGUF files: pip install gguf")
    with llama_cpp(random_weights(), slots=4) as running:
        yield running


def at(open_model: Open, server: LlamaCpp, **settings: object) -> OpenAIModel:
    return open_model(
        server.base_url, **{"name": server.name, "capabilities": LLAMA_CPP, **settings}
    )


def grown(before: Counters, after: Counters) -> Counters:
    return Counters(
        after.completions - before.completions,
        after.prompt_tokens - before.prompt_tokens,
        after.cached_tokens - before.cached_tokens,
        after.completion_tokens - before.completion_tokens,
    )


async def settled(server: LlamaCpp, before: Counters) -> Counters:
    """What the server has done since `before`, once it does no more."""
    last = server.counters()
    while True:
        await asyncio.sleep(0.1)
        now = server.counters()
        if now == last:
            return grown(before, now)
        last = now


async def test_the_probe_finds_what_was_measured_and_charges_what_was_counted(
    server: LlamaCpp, open_model: Open
) -> None:
    before = server.counters()
    capabilities, usage = await at(open_model, server, capabilities=None).probe()
    spent = await settled(server, before)
    assert capabilities == LLAMA_CPP
    assert usage.completions == spent.completions
    assert usage.prompt_tokens == spent.prompt_tokens
    assert usage.completion_tokens == spent.completion_tokens


async def test_raw_prompts_are_probed_too(server: LlamaCpp, open_model: Open) -> None:
    capabilities, _ = await at(open_model, server, api="completions", capabilities=None).probe()
    assert (capabilities.continues, capabilities.logprobs) == ("raw", True)


@pytest.mark.parametrize("n", [1, 4])
async def test_usage_is_what_the_server_counted(server: LlamaCpp, open_model: Open, n: int) -> None:
    before = server.counters()
    reply = await at(open_model, server).complete(REQUEST, n, received=Received())
    spent = await settled(server, before)
    usage = reply.usage
    assert len(reply.completions) == usage.completions == spent.completions == n
    assert usage.prompt_tokens == spent.prompt_tokens
    assert usage.cached_tokens == spent.cached_tokens
    assert usage.completion_tokens == spent.completion_tokens
    assert usage.estimated_tokens == 0


async def test_more_choices_than_slots_are_refused(server: LlamaCpp, open_model: Open) -> None:
    with pytest.raises(PermanentCallError, match="between 1 <= value <= 4"):
        await at(open_model, server).complete(REQUEST, 5, received=Received())


async def test_streamed_and_whole_replies_agree(server: LlamaCpp, open_model: Open) -> None:
    texts = [
        (await at(open_model, server, stream=stream).complete(REQUEST, received=Received()))
        .completions[0]
        .text
        for stream in ("auto", "never")
    ]
    assert texts[0] == texts[1] != ""


@pytest.mark.parametrize("stream", ["auto", "never"])
async def test_a_partial_answer_is_carried_on(
    server: LlamaCpp, open_model: Open, stream: str
) -> None:
    model = at(open_model, server, stream=stream)
    whole = (await model.complete(REQUEST, received=Received())).completions[0].text
    begun = Request(REQUEST.messages, 6, 0.0, continues=whole[:6])
    rest = (await model.complete(begun, received=Received())).completions[0].text
    assert rest == whole[6:]


async def test_a_stop_string_is_cut_off_in_text_and_logprobs(
    server: LlamaCpp, open_model: Open
) -> None:
    model = at(open_model, server)
    whole = (await model.complete(REQUEST, received=Received())).completions[0].text
    stopping = Request(REQUEST.messages, 12, 0.0, stop=(whole[4:6],), logprobs=2)
    completion = (await model.complete(stopping, received=Received())).completions[0]
    until = whole.index(whole[4:6])
    assert completion.text == whole[:until]
    assert completion.finish in ("stop", "stop_string")
    assert completion.logprobs is not None
    assert "".join(entry.token for entry in completion.logprobs) == completion.text
    assert all(entry.logprob <= 0 and len(entry.top) == 2 for entry in completion.logprobs)


async def test_too_long_a_prompt(server: LlamaCpp, open_model: Open) -> None:
    request = Request((Message("user", "1+" * 2000),), 4)
    with pytest.raises(PromptTooLong):
        await at(open_model, server).complete(request, received=Received())


async def test_no_call_is_lost_though_the_server_closes_after_each_stream(
    server: LlamaCpp, open_model: Open
) -> None:
    model = at(open_model, server)

    async def ask_often() -> None:
        for _ in range(20):
            await model.complete(REQUEST, received=Received())

    before = server.counters()
    await asyncio.gather(*(ask_often() for _ in range(8)))
    assert (await settled(server, before)).completions == 160


async def test_a_cancelled_call_saves_the_tokens_it_would_have_cost(
    server: LlamaCpp, open_model: Open
) -> None:
    model = at(open_model, server, extra_body={"ignore_eos": True})
    request = Request(REQUEST.messages, 900, 1.0, seed=1)
    before = server.counters()
    received = [Received() for _ in range(4)]
    calls = [asyncio.create_task(model.complete(request, received=r)) for r in received]
    while server.counters().completions < before.completions + 4:  # noqa: ASYNC110 (a process)
        await asyncio.sleep(0.002)
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    spent = await settled(server, before)
    assert all(call.cancelled() for call in calls)
    assert spent.completions == 4
    # How many were written before the cancellation came depends on how busy the machine is.
    assert sum(r.tokens for r in received) <= spent.completion_tokens <= 0.5 * 4 * 900


class AfterTokens:
    """Cuts after so many tokens."""

    def __init__(self, tokens: int) -> None:
        self.after, self.tokens = tokens, 0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self.tokens += tokens
        return Cut("cut", "enough") if self.tokens >= self.after else None

    def ended(self, tokens: int | None) -> float | None:
        return None


async def test_the_server_stops_decoding_what_a_watch_cuts(
    server: LlamaCpp, open_model: Open
) -> None:
    model = at(open_model, server, extra_body={"ignore_eos": True})
    request = Request(REQUEST.messages, 900, 1.0, seed=2, logprobs=5)
    before = server.counters()
    watch, received = AfterTokens(20), Received()
    received.watches = [watch]
    reply = await model.complete(request, received=received)
    spent = await settled(server, before)
    assert received.stopped
    assert reply.completions[0].finish == "cut"
    assert reply.usage.completion_tokens == watch.tokens >= 20
    # How many were written before the connection was closed depends on how busy the machine is.
    assert watch.tokens <= spent.completion_tokens < 900
    assert spent.completions == 1
