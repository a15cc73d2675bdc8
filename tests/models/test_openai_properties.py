"""Whatever an endpoint sends, a call ends in a reply or in a CallError."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from its.errors import CallError
from its.models.openai.faults import Faults
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.openai.tokens import prompt_bound
from its.models.protocol import Capabilities, Received, Reply, Request
from its.problems.problem import Message

FAULTS = Faults(OpenAISettings("m", "http://localhost/v1", api_key="sk-secret-123456"))
REQUEST = Request((Message("user", "Why?"),), 8, stop=("\n",), logprobs=1)
UNTIMED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
NAMES = [
    "choices", "message", "delta", "content", "text", "finish_reason", "stop_reason", "index",
    "usage", "prompt_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens",
    "logprobs", "tokens", "token_logprobs", "top_logprobs", "token", "logprob", "error", "code",
    "reasoning", "detail", "loc",
]  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)
REPLIES = st.fixed_dictionaries(
    {},
    optional={
        "choices": VALUES
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "index": VALUES,
                    "message": st.dictionaries(st.sampled_from(NAMES), VALUES),
                    "delta": st.dictionaries(st.sampled_from(NAMES), VALUES),
                    "finish_reason": VALUES | st.sampled_from(["stop", "length"]),
                    "logprobs": st.dictionaries(st.sampled_from(NAMES), VALUES),
                },
            )
        ),
        "usage": VALUES,
        "error": VALUES,
    },
)


def reader() -> ReplyReader:
    return ReplyReader(REQUEST, Capabilities(echoes_prefix=True), FAULTS, 1000)


def check(reply: Reply) -> None:
    for completion in reply.completions:
        completion.text.encode()
        assert "\n" not in completion.text
    assert reply.usage.tokens is not None
    assert reply.usage.tokens >= 0


@UNTIMED
@given(REPLIES | VALUES)
def test_any_json_is_a_reply_or_an_error(value: Any) -> None:
    whole = reader()
    with suppress(CallError):
        whole.read_whole(orjson.dumps(value))
        check(whole.reply(1.0))


@UNTIMED
@given(st.binary())
def test_any_bytes_are_a_reply_or_an_error(body: bytes) -> None:
    whole = reader()
    with pytest.raises(CallError):  # noqa: PT012 (JSON such as {} is only no reply at the end)
        whole.read_whole(body)
        whole.reply(0.0)


@UNTIMED
@given(st.lists(REPLIES, max_size=4), st.lists(st.integers(0, 200), max_size=5))
def test_any_stream_is_a_reply_or_an_error_and_its_cuts_do_not_matter(
    values: list[Any], cuts: list[int]
) -> None:
    body = b"".join(b"data: " + orjson.dumps(value) + b"\n\n" for value in values)
    edges = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    pieces = [body[a:b] for a, b in pairwise(edges)]
    assert outcome([body]) == outcome(pieces)


def outcome(pieces: list[bytes]) -> tuple[Any, ...]:
    streamed, received = reader(), Received()
    try:
        for piece in pieces:
            streamed.feed(piece)
        streamed.finish()
        reply = streamed.reply(1.0)
        check(reply)
    except CallError as error:
        streamed.report(received)
        received.text.encode()
        return type(error), str(error), received.tokens
    return reply.completions, reply.usage


@UNTIMED
@given(st.text(), st.text())
def test_the_prompt_bound_covers_every_byte(question: str, begun: str) -> None:
    request = Request((Message("user", question),), 8, continues=begun)
    whole = (question + begun).encode("utf-8", "surrogatepass")
    assert prompt_bound(request) >= len(whole)
