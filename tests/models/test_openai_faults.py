"""What goes wrong with a call, and what is said about it."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from its.errors import (
    CallError,
    KeyRejected,
    PermanentCallError,
    PromptTooLong,
    TransientCallError,
)
from its.models.openai.settings import Timeouts
from its.models.protocol import Received, Request
from its.problems.problem import Message
from tests.models.conftest import Open
from tests.servers.canned import canned, response, stream
from tests.servers.dialect import DIALECTS
from tests.servers.hostile import Behaviour, HostileServer

REQUEST = Request((Message("user", "Why?"),), 8)
KEY = "sk-very-secret-0123456789"
PIECE = {"choices": [{"index": 0, "delta": {"content": "be"}}]}


async def fault(open_model: Open, *parts: bytes, hold: bool = False, **settings: Any) -> CallError:
    async with canned(*parts, hold=hold) as url:
        with pytest.raises(CallError) as caught:
            await open_model(url, **settings).complete(REQUEST, received=Received())
    return caught.value


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_a_passing_refusal_is_transient(open_model: Open, status: int) -> None:
    error = await fault(open_model, response({"error": "busy"}, status=f"{status} No"))
    assert isinstance(error, TransientCallError)
    assert (error.status, error.retry_after, error.answered) == (status, None, True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentCallError),
        (401, KeyRejected),
        (402, KeyRejected),
        (403, KeyRejected),
        (404, PermanentCallError),
        (405, PermanentCallError),
        (413, PromptTooLong),
        (422, PermanentCallError),
    ],
)
async def test_a_lasting_refusal_is_permanent(
    open_model: Open, status: int, kind: type[PermanentCallError]
) -> None:
    error = await fault(open_model, response({"detail": "no"}, status=f"{status} No"))
    assert type(error) is kind
    assert isinstance(error, PermanentCallError)
    assert error.status == status


async def test_a_used_up_account_is_not_a_passing_429(open_model: Open) -> None:
    body = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    assert isinstance(await fault(open_model, response(body, status="429 No")), KeyRejected)


@pytest.mark.parametrize(
    ("words", "final"),
    [
        ("Your account is not active, please check your billing details", True),
        ("Credits exhausted", True),
        ("Your prepayment credits are depleted", True),
        ("账户余额不足", True),
        ("The API key has expired", False),
    ],
)
async def test_lasting_causes_are_known_by_their_words(
    open_model: Open, words: str, final: bool
) -> None:
    error = await fault(open_model, response({"error": {"message": words}}, status="429 No"))
    assert isinstance(error, KeyRejected)
    assert error.final is final


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, {"code": "unsupported_country_region_territory", "message": "no"}),
        (403, {"message": "Country, region, or territory not supported"}),
        (400, {"message": "User location is not supported for the API use."}),
        (451, {"message": "This model is not available in your region"}),
    ],
)
async def test_a_place_that_is_not_served_is_not_the_keys_fault(
    open_model: Open, status: int, error: dict[str, str]
) -> None:
    found = await fault(open_model, response({"error": error}, status=f"{status} No"))
    assert isinstance(found, KeyRejected)
    assert found.final
    assert "API key" not in str(found)
    assert "country or region" in str(found)
    assert "use another provider" in str(found)


@pytest.mark.parametrize(
    ("wish", "seconds"), [("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("inf", None)]
)
async def test_retry_after_in_seconds(open_model: Open, wish: str, seconds: float | None) -> None:
    raw = response({}, status="429 No", Retry_After=wish)
    error = await fault(open_model, raw)
    assert isinstance(error, TransientCallError)
    assert error.retry_after == seconds


async def test_retry_after_as_a_date(open_model: Open) -> None:
    when = datetime.now(UTC) + timedelta(seconds=60)
    raw = response({}, status="503 No", Retry_After=format_datetime(when, usegmt=True))
    error = await fault(open_model, raw)
    assert isinstance(error, TransientCallError)
    assert error.retry_after is not None
    assert 30 < error.retry_after <= 60


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry_after_ms": "1500"}, {}, 1.5),
        ({}, {"error": {"message": "Please try again in 20s."}}, 20),
        ({}, {"error": {"message": "Try again in 1m2.5s"}}, 62.5),
        ({}, {"error": {"message": "Please retry after 6 seconds."}}, 6),
        ({}, {"error": {"details": [{"@type": "x.RetryInfo", "retryDelay": "34s"}]}}, 34),
        ({}, {"error": {"metadata": {"headers": {"Retry-After": "9"}}}}, 9),
        ({}, {"retry_after": 3}, 3),
        ({"Retry_After": "1"}, {"error": "wait 30 seconds"}, 30),
        ({"x_ratelimit_reset_requests": "6m0s"}, {}, 360),
        ({"ratelimit": "limit=10, remaining=0, reset=50"}, {}, 50),
        ({"ratelimit": '"default";r=0;t=40'}, {}, 40),
        (
            {
                "x_ratelimit_reset_requests": "9s",
                "x_ratelimit_remaining_requests": "0",
                "x_ratelimit_reset_tokens": "50s",
                "x_ratelimit_remaining_tokens": "7",
            },
            {},
            9,
        ),
        ({"X_Retry_After": "12"}, {}, 12),
        ({"x_ms_retry_after_ms": "2500"}, {}, 2.5),
        ({"RETRY_AFTER": "8, 30"}, {}, 30),
        ({}, {"error": {"details": [{"retryDelay": {"seconds": 20, "nanos": 500000000}}]}}, 20.5),
        ({}, {"error": {"reset_in": 12}}, 12),
        ({}, {"error": "429, retry-after: 15"}, 15),
        ({}, {"error": "Please wait for 3 more seconds"}, 3),
        ({}, {"error": "请求过于频繁，请20秒后再试"}, 20),
        ({}, {"error": "There were 20 s of silence"}, None),
        ({"Retry_After": "nan"}, {"retry_after": "1e999"}, None),
    ],
)
async def test_a_wait_is_found_wherever_it_is_said(
    open_model: Open, headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    error = await fault(open_model, response(body, status="429 No", **headers))
    assert isinstance(error, TransientCallError)
    assert error.retry_after == seconds


@pytest.mark.parametrize("name", ["llama_cpp", "vllm"])
async def test_a_prompt_too_long_in_both_dialects(open_model: Open, name: str) -> None:
    request = Request((Message("user", "long " * 20_000),), 8)
    async with HostileServer(Behaviour(dialect=DIALECTS[name])) as server:
        with pytest.raises(PromptTooLong, match="context"):
            await open_model(server.url).complete(request, received=Received())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "bad seed", "type": "x"}}, "bad seed"),
        ({"error": "Unauthorized"}, "Unauthorized"),
        ({"detail": "no such model"}, "no such model"),
        ({"detail": [{"loc": ["body", "n"], "msg": "too many"}]}, "n: too many"),
        ({"message": "old shape", "object": "error"}, "old shape"),
        (b"plain words", "plain words"),
        (b"", "nothing more"),
        (b"<html><body>Bad gateway</body></html>", "web page"),
    ],
)
async def test_the_endpoints_own_words_are_passed_on(
    open_model: Open, body: Any, words: str
) -> None:
    error = await fault(open_model, response(body, status="400 No"))
    assert words in str(error)
    assert "\n" not in str(error)


async def test_long_words_are_shortened_and_control_characters_dropped(open_model: Open) -> None:
    body = {"error": {"message": "\x1b[31mno\n" + 5_000 * "x"}}
    words = str(await fault(open_model, response(body, status="400 No")))
    assert len(words) < 400
    assert words.isprintable()


@pytest.mark.parametrize(
    "words",
    [
        f"Incorrect API key provided: {KEY}",
        f"Authorization: Bearer {KEY} was refused",
        f"http://user:{KEY}@proxy/v1?api_key={KEY}",
        "x" * 190 + KEY,
    ],
)
async def test_the_key_never_shows(open_model: Open, words: str) -> None:
    for status in ("401 No", "400 No", "500 No"):
        error = await fault(
            open_model, response({"error": {"message": words}}, status=status), api_key=KEY
        )
        assert "secret" not in str(error)
        assert "sk-v" not in str(error)


@pytest.mark.parametrize("key", ["x", "none", "EMPTY"])
async def test_a_key_that_is_a_word_spoils_no_other_word(open_model: Open, key: str) -> None:
    said = {"error": {"message": f"nonexistent model xyz, key {key}, EMPTYING"}}
    error = await fault(open_model, response(said, status="400 No"), api_key=key)
    assert "nonexistent model xyz, key [key], EMPTYING" in str(error)


async def test_credentials_in_an_address_never_show(open_model: Open) -> None:
    raw = response({"error": "hunter2 is wrong"}, status="401 No")
    async with canned(raw) as url:
        model = open_model(url.replace("http://", "http://me:hunter2@") + "?key=hunter2")
        with pytest.raises(KeyRejected) as caught:
            await model.complete(REQUEST, received=Received())
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("stream", ["auto", "never"])
@pytest.mark.parametrize(
    "kind", ["429", "500", "reset", "reset_midway", "garbage", "empty", "html", "truncated"]
)
async def test_every_fault_of_the_wire_is_transient(
    open_model: Open, kind: str, stream: str
) -> None:
    async with HostileServer(Behaviour(faults={kind: 1.0})) as server:
        received = Received()
        with pytest.raises(TransientCallError) as caught:
            await open_model(server.url, stream=stream).complete(REQUEST, received=received)
    assert caught.value.answered
    assert received.sent
    assert server.stats.faults == {kind: 1}
    assert server.stats.completions == 0


async def test_a_web_page_asks_whether_the_address_is_right(open_model: Open) -> None:
    page = response(b"<!DOCTYPE html><html></html>", kind="text/html")
    error = await fault(open_model, page)
    assert isinstance(error, TransientCallError)
    assert str(error).endswith("answered with a web page, not JSON: is base_url right?")


async def test_a_redirect_is_not_followed(open_model: Open) -> None:
    raw = response(b"", status="302 Found", Location="http://127.0.0.1:1/login")
    error = await fault(open_model, raw)
    assert isinstance(error, PermanentCallError)
    assert "points to http://127.0.0.1:1/login" in str(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "out of memory", "code": 500}, TransientCallError),
        ({"message": "out of memory"}, TransientCallError),
        ({"message": "bad grammar", "code": 400}, PermanentCallError),
        ("overloaded", TransientCallError),
    ],
)
async def test_an_error_in_place_of_a_reply(
    open_model: Open, error: Any, kind: type[CallError]
) -> None:
    for raw in (response({"error": error}), stream([{"error": error}])):
        assert isinstance(await fault(open_model, raw), kind)


async def test_an_error_after_the_first_tokens_is_no_refusal(open_model: Open) -> None:
    error = await fault(open_model, stream([PIECE, {"error": {"message": "lost", "code": 503}}]))
    assert isinstance(error, TransientCallError)
    assert error.status == 200, "the call was accepted, and cost"


@pytest.mark.parametrize("finish", ["abort", "error", "insufficient_system_resource"])
async def test_a_reply_that_was_given_up_is_no_reply(open_model: Open, finish: str) -> None:
    given_up = {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    error = await fault(open_model, stream([PIECE, given_up]))
    assert isinstance(error, TransientCallError)
    assert "gave up" in str(error)


async def test_an_error_line_of_llama_cpp(open_model: Open) -> None:
    raw = stream([PIECE], done=False) + b'error: {"code": 500, "message": "slot lost"}\n\n'
    error = await fault(open_model, raw)
    assert isinstance(error, TransientCallError)
    assert "slot lost" in str(error)


async def test_no_server_listens(open_model: Open) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        received = Received()
        with pytest.raises(
            TransientCallError, match="cannot be reached: Connection refused"
        ) as caught:
            await open_model(url).complete(REQUEST, received=received)
    assert not caught.value.answered
    assert not received.sent


async def test_no_first_token_in_time(open_model: Open) -> None:
    head = stream([], done=False)
    error = await fault(
        open_model, head, b": still queued\n\n", hold=True, timeouts=Timeouts(first_token=0.1)
    )
    assert isinstance(error, TransientCallError)
    assert "no token within 0.1 s" in str(error)


@pytest.mark.parametrize("stream", ["auto", "never"])
async def test_no_end_in_time(open_model: Open, stream: str) -> None:
    async with HostileServer(Behaviour(seconds=30, bursts=3000)) as server:
        model = open_model(server.url, timeouts=Timeouts(total=1.0), stream=stream)
        received = Received()
        with pytest.raises(TransientCallError, match=r"within 1 s"):
            await model.complete(REQUEST, received=received)
        async with asyncio.timeout(10):
            while server.stats.cancelled != 1:  # noqa: ASYNC110 (a counter)
                await asyncio.sleep(0.01)
        assert server.stats.in_flight == 0


async def test_what_had_arrived_of_a_broken_stream_is_reported(open_model: Open) -> None:
    async with canned(stream([PIECE, PIECE], done=False)) as url:
        received = Received()
        with pytest.raises(TransientCallError, match="broke off"):
            await open_model(url).complete(REQUEST, received=received)
    assert (received.text, received.tokens) == ("bebe", 2)


async def test_running_usage_counts_a_broken_stream_exactly(open_model: Open) -> None:
    event = PIECE | {"usage": {"prompt_tokens": 9, "completion_tokens": 3}}
    async with canned(stream([event], done=False)) as url:
        received = Received()
        with pytest.raises(TransientCallError):
            await open_model(url).complete(REQUEST, received=received)
    assert (received.prompt_tokens, received.tokens) == (9, 3)


async def test_a_cancelled_call_stops_the_server_at_once_and_reports_what_came(
    open_model: Open,
) -> None:
    async with HostileServer(Behaviour(seconds=2, bursts=100, tokens=1000)) as server:
        received = Received()
        request = Request(REQUEST.messages, 2000)
        call = asyncio.create_task(open_model(server.url).complete(request, received=received))
        for _ in range(30):  # in turns, so that a busy machine keeps neither side waiting
            await asyncio.sleep(0.01)
        assert server.stats.in_flight == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(10):
            while server.stats.in_flight:  # noqa: ASYNC110 (a counter)
                await asyncio.sleep(0.01)
        assert server.stats.cancelled == 1
    assert received.sent
    assert received.text
    made = server.stats.cancelled_tokens
    assert 0 < received.tokens <= made < 400
    assert made - received.tokens < 60, "only what was on its way"


async def test_connections_are_used_again(open_model: Open) -> None:
    async with HostileServer() as server:
        for stream in ("auto", "never"):
            model = open_model(server.url, stream=stream)
            for _ in range(5):
                await model.complete(REQUEST, received=Received())
        assert server.stats.connections == 2
