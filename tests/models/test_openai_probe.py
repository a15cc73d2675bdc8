"""What the probe finds out, against servers that behave as the real ones were seen to."""

from __future__ import annotations

import socket

import pytest

from its.errors import EndpointError
from its.models.openai.settings import Timeouts
from its.models.protocol import Capabilities
from tests.models.conftest import Open
from tests.servers.canned import canned, response
from tests.servers.dialect import DIALECTS, Dialect
from tests.servers.hostile import Behaviour, HostileServer

FOUND = {
    "hosted": Capabilities(n=True, logprobs=True, json_schema=True),
    "llama_cpp": Capabilities(
        n=True,
        usage="one_choice",
        continues="trailing",
        echoes_prefix=True,
        logprobs=True,
        json_schema=True,
        context=4096,
    ),
    "vllm": Capabilities(
        n=True, continues="flag", names_stop=True, logprobs=True, json_schema=True, context=4096
    ),
    "transformers": Capabilities(trims_stop=False),
}


@pytest.mark.parametrize("name", DIALECTS)
async def test_every_kind_of_server_is_recognised(open_model: Open, name: str) -> None:
    async with HostileServer(Behaviour(dialect=DIALECTS[name])) as server:
        model = open_model(server.url, capabilities=None)
        capabilities, usage = await model.probe()
        counted = server.stats
        assert capabilities == FOUND[name]
        assert model.capabilities == capabilities
        assert usage.completions == counted.completions
        assert usage.prompt_tokens == counted.prompt_tokens
        assert usage.completion_tokens == counted.completion_tokens
        assert counted.requests <= 10
        assert counted.completion_tokens <= 30


@pytest.mark.parametrize(
    ("dialect", "found"),
    [
        (Dialect(n="refused"), {"n": False}),
        (Dialect(streams=False), {"streams": False}),
        (Dialect(usage="absent", stream_usage="absent"), {"usage": "absent"}),
        (Dialect(continues="trailing"), {"continues": "trailing", "echoes_prefix": False}),
        (Dialect(limit="max_completion_tokens"), {"n": True, "logprobs": True}),
        (Dialect(refuses=("stream_options",)), {"streams": True}),
        (Dialect(context=8192), {"context": 8192}),
        (Dialect(temperature="default"), {"n": True, "logprobs": True, "streams": True}),
    ],
)
async def test_each_trait_is_found_by_itself(
    open_model: Open, dialect: Dialect, found: dict[str, object]
) -> None:
    async with HostileServer(Behaviour(dialect=dialect)) as server:
        capabilities, _ = await open_model(server.url, capabilities=None).probe()
    assert {name: getattr(capabilities, name) for name in found} == found


async def test_the_completions_endpoint_continues_raw(open_model: Open) -> None:
    async with HostileServer(Behaviour(dialect=DIALECTS["vllm"])) as server:
        model = open_model(server.url, capabilities=None, api="completions")
        capabilities, _ = await model.probe()
    assert capabilities.continues == "raw"
    assert capabilities.logprobs


async def test_passing_faults_do_not_spoil_the_findings(open_model: Open) -> None:
    faults = {"429_seconds": 0.2, "500": 0.1, "garbage": 0.1}
    behaviour = Behaviour(dialect=DIALECTS["llama_cpp"], faults=faults, retry_after=0.01)
    async with HostileServer(behaviour) as server:
        capabilities, _ = await open_model(server.url, capabilities=None).probe()
        assert server.stats.faults
    assert capabilities == FOUND["llama_cpp"]


async def test_a_call_that_hangs_is_not_waited_for_longer_than_a_first_token(
    open_model: Open,
) -> None:
    async with HostileServer(Behaviour(faults={"hang": 0.3})) as server:
        timeouts = Timeouts(first_token=0.1)
        capabilities, _ = await open_model(server.url, capabilities=None, timeouts=timeouts).probe()
        assert server.stats.faults["hang"]
    assert capabilities == FOUND["hosted"]


async def test_a_server_that_takes_any_name_is_noted(open_model: Open) -> None:
    async with HostileServer(Behaviour(dialect=DIALECTS["llama_cpp"])) as server:
        model = open_model(server.url, name="gpt-x", capabilities=None)
        capabilities, _ = await model.probe()
    assert capabilities.notes == ("the endpoint answers to 'gpt-x' though it lists loopback",)


@pytest.mark.parametrize("name", ["vllm", "transformers"])
async def test_an_unknown_model_is_named_beside_those_there_are(
    open_model: Open, name: str
) -> None:
    async with HostileServer(Behaviour(dialect=DIALECTS[name])) as server:
        with pytest.raises(EndpointError, match=r"no model 'gpt-x': it lists loopback"):
            await open_model(server.url, name="gpt-x", capabilities=None).probe()


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_a_wrong_key_is_reported_with_the_fix(open_model: Open, key: str | None) -> None:
    async with HostileServer(Behaviour(key="right")) as server:
        model = open_model(server.url, api_key=key, capabilities=None)
        with pytest.raises(EndpointError, match="OPENAI_API_KEY"):
            await model.probe()
        await open_model(server.url, api_key="right", capabilities=None).probe()


async def test_a_server_that_is_not_there_is_reported_with_the_fix(open_model: Open) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(EndpointError, match="start the server, or fix base_url"):
            await open_model(url, capabilities=None).probe()


async def test_a_web_page_is_reported_with_the_fix(open_model: Open) -> None:
    page = response(b"<!DOCTYPE html><html></html>", kind="text/html")
    async with canned(page) as url:
        with pytest.raises(EndpointError, match="is base_url right"):
            await open_model(url, capabilities=None).probe()
