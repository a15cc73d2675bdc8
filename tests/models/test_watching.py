"""Completions that are watched while they are written, and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate, cycle, pairwise, takewhile

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import CutShort, TransientCallError
from its.models.embedded.batch import LOOK_EVERY
from its.models.embedded.model import EmbeddedModel
from its.models.openai.faults import Faults
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Capabilities, Completion, Received, Reply, Request, TokenLogprob
from its.models.watching import Cut, look_at_whole
from its.problems.problem import Message
from its.usage import Usage
from tests.embedded.random_weights import random_weights
from tests.models.conftest import Open
from tests.servers.hostile import Behaviour, HostileServer

SHOWS = Capabilities(logprobs=True)
REQUEST = Request((Message("user", "Count."),), 2000, seed=1, logprobs=2)


class Spy:
    """Takes down what it is shown, and cuts after so many tokens."""

    def __init__(self, cut: Cut | None = None, after: int = 10**9) -> None:
        self.cut = cut
        self.after = after
        self.text = ""
        self.tokens = 0
        self.tops: list[list[float]] = []
        self.looks = 0
        self.told: list[int | None] = []

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self.looks += 1
        self.text += text
        self.tokens += tokens
        self.tops += map(list, tops)
        return self.cut if self.tokens >= self.after else None

    def ended(self, tokens: int | None) -> float | None:
        self.told.append(tokens)
        return 1.5


ENOUGH = Cut("cut", "enough")


# --- an endpoint that streams -------------------------------------------------------------------


async def test_what_a_watch_cuts_stops_at_the_server_and_costs_what_had_come(
    open_model: Open,
) -> None:
    async with HostileServer(Behaviour(seconds=1, bursts=50, tokens=1000)) as server:
        spy, received = Spy(ENOUGH, after=100), Received()
        received.watches = [spy]
        reply = await open_model(server.url, capabilities=SHOWS).complete(
            REQUEST, received=received
        )
        await asyncio.sleep(0.1)
        assert (server.stats.in_flight, server.stats.cancelled) == (0, 1)
        made = server.stats.cancelled_tokens
    (completion,) = reply.completions
    assert received.stopped
    assert (completion.finish, completion.cut, completion.logprobs) == ("cut", "enough", None)
    assert completion.text == spy.text
    assert completion.tokens == spy.tokens == reply.usage.completion_tokens
    assert 100 <= spy.tokens <= made < 600
    assert reply.usage.estimated_tokens > 0, "nothing was reported of it"
    assert spy.told == [], "it did not end by itself"


async def test_a_watch_sees_all_and_hears_of_the_end(open_model: Open) -> None:
    async with HostileServer(Behaviour(seconds=0.2, bursts=9, tokens=60)) as server:
        model = open_model(server.url, capabilities=SHOWS)
        plain = (await model.complete(REQUEST, received=Received())).completions[0]
        spy = Spy()
        seen = await model.complete(REQUEST, received=Received(watches=[spy]))
    assert seen.completions[0] == replace(plain, least_confidence=1.5)
    assert plain.logprobs is not None
    assert spy.text == plain.text
    assert spy.tokens == len(spy.tops) == len(plain.logprobs)
    assert spy.tops == [[number for _, number in token.top] for token in plain.logprobs]
    assert spy.told == [plain.tokens]
    assert spy.looks > 3


async def test_a_reply_that_comes_whole_is_cut_too_but_saves_nothing(open_model: Open) -> None:
    async with HostileServer(Behaviour(tokens=60)) as server:
        received = Received(watches=[Spy(Cut("loop", "again", kept=17), after=20)])
        model = open_model(server.url, capabilities=SHOWS, stream="never")
        (completion,) = (await model.complete(REQUEST, received=received)).completions
    assert not received.stopped
    assert (completion.finish, completion.tokens, len(completion.text)) == ("loop", None, 17)


async def test_a_stream_that_breaks_is_still_lost_and_its_next_attempt_is_seen_anew(
    open_model: Open,
) -> None:
    behaviour = Behaviour(tokens=60, faults={"reset_midway": 1.0})
    async with HostileServer(behaviour) as server:
        with pytest.raises(TransientCallError):
            await open_model(server.url, capabilities=SHOWS).complete(
                REQUEST, received=Received(watches=[Spy()])
            )


def events(tokens: Sequence[str], reasoning: int) -> Iterator[bytes]:
    """A stream: so many tokens of reasoning, then text."""
    for number, token in enumerate(tokens):
        entry = {"token": token, "logprob": -1, "top_logprobs": []}
        entry["top_logprobs"] = [{"token": k, "logprob": -float(number % 7)} for k in "abc"]
        where = "reasoning_content" if number < reasoning else "content"
        piece = {"index": 0, "delta": {where: token}, "logprobs": {"content": [entry]}}
        yield b"data: " + orjson.dumps({"choices": [piece]}) + b"\n\n"
    yield b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    yield b"data: [DONE]\n\n"


def in_pieces(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The data in pieces of these sizes, again and again."""
    ends = list(takewhile(lambda end: end < len(data), accumulate(cycle(sizes))))
    return [data[start:end] for start, end in pairwise([0, *ends, len(data)])]


class Measured:
    """Cuts at a number of characters (and keeps some) or of tokens (and keeps none), in whatever
    pieces they come."""

    def __init__(self, at: int, kept: int | None) -> None:
        self.at, self.kept, self.seen = at, kept, 0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self.seen += len(tops) if self.kept is None else len(text)
        return Cut("loop", "x", self.kept or 0) if self.seen >= self.at else None

    def ended(self, tokens: int | None) -> float | None:
        return None


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("ab é\n", max_size=6), min_size=1, max_size=30),
    st.integers(0, 8),
    st.integers(1, 60),
    st.none() | st.integers(0, 60),
    st.lists(st.integers(3, 400), min_size=1, max_size=10),
)
def test_the_pieces_in_which_a_stream_comes_change_nothing(
    tokens: list[str], reasoning: int, at: int, short: int | None, sizes: list[int]
) -> None:
    def read(parts: Sequence[bytes]) -> Completion:
        faults = Faults(OpenAISettings("m", "http://127.0.0.1"))
        watch = Measured(at, None if short is None else max(0, at - short))
        reader = ReplyReader(REQUEST, Capabilities(), faults, None, watches=[watch])
        try:
            for part in parts:
                reader.feed(part)
            reader.finish()
        except CutShort:
            pass
        return replace(reader.reply(0.0).completions[0], tokens=None)

    stream = b"".join(events(tokens, reasoning))
    parts = in_pieces(stream, sizes)
    whole = read([stream])
    assert read(parts) == whole
    length = len(tokens) if short is None else len("".join(tokens))
    assert (whole.finish == "loop") == (length >= at)


# --- the embedded engine ------------------------------------------------------------------------


@cache
def embedded() -> EmbeddedModel:
    return EmbeddedModel("embedded:random", random_weights())


async def test_each_of_several_completions_is_stopped_alone() -> None:
    request = replace(REQUEST, max_tokens=200)
    plain = await embedded().complete(request, 3, received=Received())
    spies = [Spy(), Spy(ENOUGH, after=20), Spy()]
    received = Received(watches=spies)
    reply = await embedded().complete(request, 3, received=received)
    first, cut, last = reply.completions
    assert (first, last) == tuple(
        replace(plain.completions[i], least_confidence=1.5) for i in (0, 2)
    )
    assert cut.finish == "cut"
    assert cut.tokens == 24, f"it is looked at every {LOOK_EVERY} tokens"
    assert plain.completions[1].text.startswith(cut.text)
    assert not received.stopped, "the others ended by themselves"
    written = sum(completion.tokens or 0 for completion in reply.completions)
    assert reply.usage.completion_tokens == written
    assert [spy.told for spy in spies] == [[first.tokens], [], [last.tokens]]


async def test_the_watch_of_an_embedded_model_sees_every_token_and_its_alternatives() -> None:
    spy = Spy()
    request = replace(REQUEST, max_tokens=83)
    reply = await embedded().complete(request, received=Received(watches=[spy]))
    (completion,) = reply.completions
    assert completion.logprobs is not None
    assert spy.tokens == completion.tokens
    assert spy.text == completion.text
    assert spy.tops == [[number for _, number in token.top] for token in completion.logprobs]


async def test_a_call_is_stopped_where_all_of_its_completions_are() -> None:
    received = Received(watches=[Spy(ENOUGH, after=8), Spy(ENOUGH, after=30)])
    reply = await embedded().complete(replace(REQUEST, max_tokens=90), 2, received=received)
    assert received.stopped
    assert [completion.tokens for completion in reply.completions] == [8, 32]
    assert reply.usage.completion_tokens == 40


# --- any other model ----------------------------------------------------------------------------


def test_a_whole_reply_is_shown_at_once() -> None:
    tops = tuple(TokenLogprob(c, -1.0, (("x", -1.0), ("y", -3.0))) for c in "cd")
    reply = Reply((Completion("cd", "end", 2, tops, "ab"), Completion("e", "filtered")), Usage())
    spy = Spy()
    seen = look_at_whole(reply, [spy, Spy()])
    assert (spy.text, spy.tokens, spy.tops) == ("abcd", 2, [[-1.0, -3.0]] * 2)
    assert seen.completions[0].least_confidence == 1.5
    assert seen.completions[1] == reply.completions[1], "a filter is no end"


def test_what_is_kept_counts_the_reasoning() -> None:
    reply = Reply((Completion("text", "end", 3, None, "thought"),), Usage())
    (cut,) = look_at_whole(reply, [Spy(Cut("loop", "again", kept=9), after=1)]).completions
    assert (cut.reasoning, cut.text, cut.tokens) == ("thought", "te", None)
