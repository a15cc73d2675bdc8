"""What is sent: all that was asked, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from its.errors import ConfigurationError, PermanentCallError, Unsupported
from its.models.openai.settings import OpenAISettings, TurnTemplate
from its.models.protocol import Capabilities, Received, Request
from its.problems.problem import Message
from tests.models.conftest import Open
from tests.servers.canned import canned, response
from tests.servers.dialect import DIALECTS, Dialect
from tests.servers.hostile import Behaviour, HostileServer

HELLO = Request((Message("system", "Be brief."), Message("user", "Hello")), 16, 0.7)


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with HostileServer(Behaviour()) as server:
        server.bodies = []
        yield server


async def sent(
    server: HostileServer, open_model: Open, request: Request, n: int = 1, **settings: Any
) -> dict[str, Any]:
    model = open_model(server.url, **settings)
    await model.complete(request, n, received=Received())
    assert server.bodies is not None
    return dict(server.bodies[-1])


async def test_a_plain_request_says_only_what_was_asked(
    server: HostileServer, open_model: Open
) -> None:
    assert await sent(server, open_model, HELLO, stream="never") == {
        "model": "loopback",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "max_tokens": 16,
        "temperature": 0.7,
    }


async def test_streaming_asks_for_the_usage(server: HostileServer, open_model: Open) -> None:
    body = await sent(server, open_model, HELLO)
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


async def test_an_endpoint_that_cannot_stream_is_not_asked_to(
    server: HostileServer, open_model: Open
) -> None:
    body = await sent(server, open_model, HELLO, capabilities=Capabilities(streams=False))
    assert "stream" not in body


async def test_every_wish_of_a_request_is_sent(server: HostileServer, open_model: Open) -> None:
    schema = {"type": "object"}
    request = Request(HELLO.messages, 8, 1.0, 0.9, ("\n",), seed=7, logprobs=3, json_schema=schema)
    able = Capabilities(n=True, logprobs=True, json_schema=True)
    body = await sent(server, open_model, request, 2, capabilities=able, extra_body={"top_k": 40})
    assert body["n"] == 2
    assert body["top_p"] == 0.9
    assert body["stop"] == ["\n"]
    assert body["seed"] == 7
    assert (body["logprobs"], body["top_logprobs"]) == (True, 3)
    assert body["response_format"]["json_schema"]["schema"] == schema
    assert body["top_k"] == 40


async def test_a_schema_is_left_out_where_the_endpoint_has_no_use_for_it(
    server: HostileServer, open_model: Open
) -> None:
    request = Request(HELLO.messages, 8, json_schema={"type": "object"})
    assert "response_format" not in await sent(server, open_model, request)


async def test_logprobs_of_an_endpoint_without_them_are_unsupported(
    server: HostileServer, open_model: Open
) -> None:
    received = Received()
    with pytest.raises(Unsupported):
        await open_model(server.url).complete(
            Request(HELLO.messages, 8, logprobs=0), received=received
        )
    assert not received.sent
    assert server.stats.requests == 0


@pytest.mark.parametrize(
    ("way", "flags"),
    [
        ("trailing", {}),
        ("flag", {"continue_final_message": True, "add_generation_prompt": False}),
    ],
)
async def test_a_partial_answer_goes_last(
    server: HostileServer, open_model: Open, way: Any, flags: dict[str, bool]
) -> None:
    request = Request(HELLO.messages, 8, continues="Good mor")
    body = await sent(server, open_model, request, capabilities=Capabilities(continues=way))
    assert body["messages"][-1] == {"role": "assistant", "content": "Good mor"}
    names = ("continue_final_message", "add_generation_prompt")
    assert {name: body[name] for name in names if name in body} == flags


async def test_a_partial_answer_that_cannot_be_carried_on_is_unsupported(
    server: HostileServer, open_model: Open
) -> None:
    with pytest.raises(Unsupported):
        await open_model(server.url).complete(
            Request(HELLO.messages, 8, continues="Good mor"), received=Received()
        )


async def test_the_completions_endpoint_gets_one_prompt(
    server: HostileServer, open_model: Open
) -> None:
    body = await sent(
        server,
        open_model,
        Request(HELLO.messages, 8, continues="Good mor"),
        api="completions",
        capabilities=Capabilities(continues="raw"),
        template=TurnTemplate("# {content}\n", "Q: {content}\n", "A: {content}\n", "A: "),
    )
    assert body["prompt"] == "# Be brief.\nQ: Hello\nA: Good mor"
    assert "messages" not in body


@pytest.mark.parametrize(
    ("dialect", "gone", "there"),
    [
        (Dialect(limit="max_completion_tokens"), "max_tokens", "max_completion_tokens"),
        (Dialect(refuses=("stream_options",)), "stream_options", "stream"),
        (Dialect(refuses=("seed",)), "seed", "temperature"),
    ],
)
async def test_a_field_that_the_endpoint_refuses_is_written_its_way(
    open_model: Open, dialect: Dialect, gone: str, there: str
) -> None:
    async with HostileServer(Behaviour(dialect=dialect)) as server:
        server.bodies = []
        model = open_model(server.url)
        for _ in range(2):
            await model.complete(replace(HELLO, seed=1), received=Received())
        bodies = server.bodies
    assert server.stats.completions == 2
    assert len(bodies) == 3, "only the first call finds out"
    assert gone not in bodies[-1]
    assert there in bodies[-1]


async def test_lone_surrogates_are_sent_as_replacement_characters(
    server: HostileServer, open_model: Open
) -> None:
    request = Request((Message("user", "a\ud800b \ud83d\ude00"),), 8)
    body = await sent(server, open_model, request)
    assert body["messages"][0]["content"] == "a\ufffdb \U0001f600"


async def test_integers_of_any_size_keep_every_digit(
    server: HostileServer, open_model: Open
) -> None:
    body = await sent(server, open_model, HELLO, extra_body={"logit_seed": 2**63 + 1})
    assert body["logit_seed"] == 2**63 + 1


def test_nan_in_the_settings_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"extra_body\.a\.0 is nan"):
        OpenAISettings("m", "http://localhost/v1", extra_body={"a": [float("nan")]})


async def test_nan_in_a_request_is_not_sent_as_null(
    server: HostileServer, open_model: Open
) -> None:
    with pytest.raises(PermanentCallError):
        await sent(server, open_model, Request(HELLO.messages, 8, float("nan")))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://x/v1",
        "http://",
        "http://x:port/v1",
        "http://a b/v1",
        "http://a..b/v1",
        f"http://{'a' * 300}/v1",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        OpenAISettings("m", url)


def test_a_key_does_not_show_in_the_settings() -> None:
    assert "sesame" not in repr(OpenAISettings("m", "http://x/v1", api_key="sesame"))


async def test_a_body_of_megabytes_arrives(server: HostileServer, open_model: Open) -> None:
    text = "long " * 500_000
    body = await sent(server, open_model, Request((Message("user", text),), 8))
    assert body["messages"][0]["content"] == text


@pytest.mark.parametrize("name", DIALECTS)
async def test_the_same_request_gets_the_same_reply_streamed_or_whole(
    open_model: Open, name: str
) -> None:
    async with HostileServer(Behaviour(dialect=DIALECTS[name])) as server:
        replies = [
            await open_model(server.url, stream=stream).complete(HELLO, received=Received())
            for stream in ("auto", "never")
        ]
    assert replies[0].completions == replies[1].completions
    assert replies[0].usage.tokens == replies[1].usage.tokens


async def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(
    server: HostileServer, open_model: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = {"choices": [{"message": {"content": "by proxy"}, "finish_reason": "stop"}]}
    async with canned(response(reply)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.removesuffix("/v1"))
        far = await open_model("http://model.invalid/v1").complete(HELLO, received=Received())
        await open_model(server.url).complete(HELLO, received=Received())
    assert far.completions[0].text == "by proxy"
    assert server.stats.completions == 1
