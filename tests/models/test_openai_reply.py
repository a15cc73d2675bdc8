"""What comes back, in all the shapes in which servers send it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from its.errors import TransientCallError
from its.models.protocol import Capabilities, Received, Reply, Request, TokenLogprob
from its.problems.problem import Message
from tests.models.conftest import Open
from tests.servers.canned import canned, response, stream
from tests.servers.dialect import DIALECTS
from tests.servers.hostile import Behaviour, HostileServer

QUESTION = (Message("user", "Why?"),)
ABLE = Capabilities(n=True, logprobs=True, continues="trailing")


def choice(text: str | None = "because", finish: str = "stop", **more: Any) -> dict[str, Any]:
    return {"index": 0, "message": {"content": text}, "finish_reason": finish, **more}


def piece(text: str | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish, **more}]}


async def ask(
    open_model: Open, raw: bytes, request: Request | None = None, n: int = 1, **settings: Any
) -> Reply:
    async with canned(raw) as url:
        model = open_model(url, **{"capabilities": ABLE, **settings})
        return await model.complete(request or Request(QUESTION, 8), n, received=Received())


@pytest.mark.parametrize("stop", [(), ("\n",)])
@pytest.mark.parametrize(
    ("finish", "more", "names_stop", "without_stop", "with_stop"),
    [
        ("stop", {}, False, "end", "stop"),
        ("stop", {"stop_reason": None}, True, "end", "end"),
        ("stop", {"stop_reason": "\n"}, True, "end", "stop_string"),
        ("stop", {"stop_reason": 128009}, True, "end", "end"),
        ("eos", {}, False, "end", "stop"),
        ("stop_sequence", {}, False, "stop_string", "stop_string"),
        ("length", {}, False, "length", "length"),
        ("max_new_tokens", {}, False, "length", "length"),
        ("FinishReason.MAX_TOKENS", {}, False, "length", "length"),
        ("FinishReason.STOP", {}, False, "end", "stop"),
        ("content_filter", {}, False, "filtered", "filtered"),
    ],
)
async def test_how_it_ended(
    open_model: Open,
    stop: tuple[str, ...],
    finish: str,
    more: dict[str, Any],
    names_stop: bool,
    without_stop: str,
    with_stop: str,
) -> None:
    reply = await ask(
        open_model,
        response({"choices": [choice(finish=finish, **more)]}),
        Request(QUESTION, 8, stop=stop),
        capabilities=Capabilities(names_stop=names_stop),
    )
    assert reply.completions[0].finish == (with_stop if stop else without_stop)


async def test_a_stop_string_that_was_kept_is_cut_off(open_model: Open) -> None:
    logprobs = {"content": [{"token": t, "logprob": -0.5} for t in ("be", "cause", "\n", "\n")]}
    raw = response({"choices": [choice("because\n\n", logprobs=logprobs)]})
    reply = await ask(open_model, raw, Request(QUESTION, 8, stop=("\n",), logprobs=0))
    completion = reply.completions[0]
    assert (completion.text, completion.finish) == ("because", "stop_string")
    assert completion.logprobs is not None
    assert [entry.token for entry in completion.logprobs] == ["be", "cause"]


async def test_the_earliest_of_several_stop_strings_cuts(open_model: Open) -> None:
    raw = response({"choices": [choice("a;b\nc")]})
    reply = await ask(open_model, raw, Request(QUESTION, 8, stop=("\n", ";")))
    assert reply.completions[0].text == "a"


async def test_a_prefix_that_was_sent_back_is_taken_off(open_model: Open) -> None:
    request = Request(QUESTION, 8, continues="be")
    echoing = Capabilities(continues="trailing", echoes_prefix=True)
    raw = response({"choices": [choice("because")]})
    assert (await ask(open_model, raw, request, capabilities=echoing)).completions[0].text == (
        "cause"
    )
    assert (await ask(open_model, raw, request)).completions[0].text == "because"


async def test_chat_logprobs(open_model: Open) -> None:
    entry = {
        "token": "be",
        "logprob": -0.5,
        "bytes": [98, 101],
        "top_logprobs": [{"token": "so", "logprob": -2}, {"token": "be", "logprob": -0.5}],
    }
    raw = response({"choices": [choice("be", logprobs={"content": [entry]})]})
    reply = await ask(open_model, raw, Request(QUESTION, 8, logprobs=1))
    assert reply.completions[0].logprobs == (TokenLogprob("be", -0.5, (("be", -0.5),)),)
    assert reply.completions[0].tokens == 1


async def test_logprobs_of_the_older_shape(open_model: Open) -> None:
    old = {
        "tokens": ["be", "cause"],
        "token_logprobs": [None, -0.25],
        "top_logprobs": [None, {"cause": -0.25, "low": -1.5}],
    }
    raw = response({"choices": [{"text": "because", "finish_reason": "stop", "logprobs": old}]})
    reply = await ask(open_model, raw, Request(QUESTION, 8, logprobs=2), api="completions")
    assert reply.completions[0].logprobs == (
        TokenLogprob("be", -9999.0),
        TokenLogprob("cause", -0.25, (("cause", -0.25), ("low", -1.5))),
    )


async def test_logprobs_gathered_from_a_stream(open_model: Open) -> None:
    events = [
        piece(token, logprobs={"content": [{"token": token, "logprob": -1.0}]})
        for token in ("be", "cause")
    ]
    raw = stream([*events, piece(None, "stop")])
    reply = await ask(open_model, raw, Request(QUESTION, 8, logprobs=0))
    assert reply.completions[0].logprobs == (TokenLogprob("be", -1.0), TokenLogprob("cause", -1.0))


async def test_numbers_that_json_cannot_hold_do_not_break_a_reply(open_model: Open) -> None:
    body = (
        b'{"choices": [{"message": {"content": "a\\ud800b \\ud83d\\ude00 \xff"},'
        b' "finish_reason": "stop", "logprobs": {"content": ['
        b'{"token": "a", "logprob": -Infinity}, {"token": "b", "logprob": NaN}]}}],'
        b' "usage": {"prompt_tokens": 3, "completion_tokens": 2,'
        b' "serial": 123456789012345678901234567890}}'
    )
    reply = await ask(open_model, response(body), Request(QUESTION, 8, logprobs=0))
    completion = reply.completions[0]
    assert completion.text == "a\ufffdb \U0001f600 \ufffd"
    assert completion.logprobs is not None
    assert [entry.logprob for entry in completion.logprobs] == [-9999.0, -9999.0]
    assert reply.usage.tokens == 5


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_apart(open_model: Open, name: str) -> None:
    message = {"content": "42", name: "six times seven"}
    whole = response({"choices": [{"message": message, "finish_reason": "stop"}]})
    thought = {"choices": [{"index": 0, "delta": {name: "six times seven"}}]}
    for raw in (whole, stream([thought, piece("42", "stop")])):
        completion = (await ask(open_model, raw)).completions[0]
        assert (completion.reasoning, completion.text) == ("six times seven", "42")


async def test_content_in_parts_and_no_content_at_all(open_model: Open) -> None:
    parts: Any = [{"type": "text", "text": "be"}, {"type": "text", "text": "cause"}]
    assert (await ask(open_model, response({"choices": [choice(parts)]}))).completions[0].text == (
        "because"
    )
    assert (await ask(open_model, response({"choices": [choice(None)]}))).completions[0].text == ""


async def test_usage_is_read_whole(open_model: Open) -> None:
    usage = {
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    raw = response({"choices": [choice()], "usage": usage})
    reply = await ask(open_model, raw, parameters=1_000)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (11, 7)
    assert (reply.usage.cached_tokens, reply.usage.reasoning_tokens) == (4, 5)
    assert reply.usage.estimated_tokens == 0
    assert reply.usage.flops == 2 * 1_000 * (11 - 4 + 7)
    assert reply.usage.seconds > 0
    assert reply.completions[0].tokens == 7


async def test_flops_of_a_model_of_unknown_size_are_unknown(open_model: Open) -> None:
    assert (await ask(open_model, response({"choices": [choice()]}))).usage.flops is None


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}, {"prompt_tokens": "many"}])
async def test_usage_that_was_not_reported_is_estimated_and_marked(
    open_model: Open, usage: Any
) -> None:
    raw = response({"choices": [choice("x" * 35)], "usage": usage})
    reply = await ask(open_model, raw)
    assert reply.usage.completion_tokens == 10
    assert reply.usage.prompt_tokens
    assert reply.usage.estimated_tokens == reply.usage.tokens


async def test_usage_of_one_choice_only_is_completed_by_an_estimate(open_model: Open) -> None:
    choices = [choice("x" * 35), {**choice("x" * 70), "index": 1}]
    usage = {"prompt_tokens": 5, "completion_tokens": 9}
    raw = response({"choices": choices, "usage": usage})
    one = Capabilities(n=True, usage="one_choice")
    counted = (await ask(open_model, raw, n=2, capabilities=one)).usage
    assert (counted.completion_tokens, counted.estimated_tokens) == (9 + 20, 20)
    summed = (await ask(open_model, raw, n=2)).usage
    assert (summed.completion_tokens, summed.estimated_tokens) == (9, 0)


@pytest.mark.parametrize("name", DIALECTS)
async def test_several_choices_cost_what_the_server_counted(open_model: Open, name: str) -> None:
    dialect = DIALECTS[name]
    abilities = Capabilities(n=dialect.n == "honoured", usage=dialect.usage)
    async with HostileServer(Behaviour(dialect=dialect)) as server:
        model = open_model(server.url, capabilities=abilities)
        reply = await model.complete(Request(QUESTION, 64), 3, received=Received())
    assert len(reply.completions) == (3 if abilities.n else 1)
    assert reply.usage.completions == server.stats.completions
    assert reply.usage.prompt_tokens == server.stats.prompt_tokens
    assert reply.usage.completion_tokens == server.stats.completion_tokens
    assert reply.usage.estimated_tokens == 0


async def test_running_usage_counts_once(open_model: Open) -> None:
    events = [
        piece("be") | {"usage": {"prompt_tokens": 5, "completion_tokens": 1}},
        piece("cause", "stop") | {"usage": {"prompt_tokens": 5, "completion_tokens": 2}},
    ]
    reply = await ask(open_model, stream(events))
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (5, 2)


async def test_a_stream_may_use_any_line_ends_comments_and_event_names(open_model: Open) -> None:
    raw = stream([piece("be"), piece("cause", "stop")], newline=b"\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    raw = head + b"\r\n\r\n: keep alive\r\n\r\nevent: message\r\n" + body
    assert (await ask(open_model, raw)).completions[0].text == "because"


@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
async def test_a_byte_order_mark_and_any_line_end_lose_no_piece(
    open_model: Open, ends: bytes
) -> None:
    whole = stream([piece("be"), piece("cause", "stop")])
    head, _, body = whole.partition(b"\r\n\r\n")
    reply = await ask(open_model, head + b"\r\n\r\n\xef\xbb\xbf" + body.replace(b"\n", ends))
    assert reply.completions[0].text == "because"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_an_event_may_come_in_several_lines_of_data(open_model: Open, size: int) -> None:
    written = [json.dumps(event, indent=1) for event in (piece("be"), piece("cause", "stop"))]
    events = ["".join(f"data: {line}\n" for line in text.split("\n")) for text in written]
    raw = "\n".join([*events, "data: [DONE]\n\n"]).encode()
    parts = [raw[at : at + size] for at in range(0, len(raw), size)]
    async with canned(HEAD, *parts) as url:
        reply = await open_model(url).complete(Request(QUESTION, 8), received=Received())
    assert [completion.text for completion in reply.completions] == ["because"]


async def test_an_event_that_no_line_makes_whole_is_garbled(open_model: Open) -> None:
    raw = b'data: {"choices":\ndata: [}\n\ndata: [DONE]\n\n'
    async with canned(HEAD, raw) as url:
        with pytest.raises(TransientCallError, match="garbled piece"):
            await open_model(url).complete(Request(QUESTION, 8), received=Received())


async def test_an_empty_reason_with_every_piece_is_no_end(open_model: Open) -> None:
    pieces = [piece("be", ""), piece("cause", ""), piece("", "length")]
    reply = await ask(open_model, stream(pieces), n=1)
    assert reply.completions[0].text == "because"
    assert reply.completions[0].finish == "length"
    with pytest.raises(TransientCallError, match="cut short"):
        await ask(open_model, stream([piece("be", "")]))


async def test_a_stream_cut_into_single_bytes_is_the_same_stream(open_model: Open) -> None:
    raw = stream([piece("b€"), piece("\U0001f600", "stop")])
    head, _, body = raw.partition(b"\r\n\r\n")
    single = [body[at : at + 1] for at in range(len(body))]
    async with canned(head + b"\r\n\r\n", *single) as url:
        reply = await open_model(url).complete(Request(QUESTION, 8), received=Received())
    assert reply.completions[0].text == "b€\U0001f600"


async def test_a_stream_without_an_end_mark_ends_with_its_finish_reason(open_model: Open) -> None:
    reply = await ask(open_model, stream([piece("because", "stop")], done=False))
    assert reply.completions[0].finish == "end"


async def test_a_whole_reply_to_a_request_to_stream_is_taken(open_model: Open) -> None:
    assert (await ask(open_model, response({"choices": [choice()]}))).completions[0].text == (
        "because"
    )


async def test_a_stream_that_stays_open_after_its_end_mark_is_whole(open_model: Open) -> None:
    async with canned(stream([piece("because", "stop")]), hold=True) as url:
        reply = await open_model(url).complete(Request(QUESTION, 8), received=Received())
    assert reply.completions[0].text == "because"
