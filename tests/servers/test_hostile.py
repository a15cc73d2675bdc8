"""The loopback server itself: its faults can be repeated and its counters are true."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import aiohttp
import pytest

from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.process import hostile_process
from tests.servers.script import Ask, hashed_words, rules


def question(index: int, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"question {index}"}]
    return {"model": "loopback", "messages": messages, "max_tokens": 64, **more}


async def outcome(session: aiohttp.ClientSession, url: str, body: Mapping[str, Any]) -> str:
    try:
        async with session.post(f"{url}/chat/completions", json=body) as reply:
            return f"{reply.status} {await reply.text()}"
    except aiohttp.ClientError as error:
        return type(error).__name__


async def outcomes(behaviour: Behaviour, order: list[int]) -> dict[int, str]:
    async with HostileServer(behaviour) as server, aiohttp.ClientSession() as session:
        return {index: await outcome(session, server.url, question(index)) for index in order}


async def test_answers_and_faults_do_not_depend_on_the_order() -> None:
    behaviour = Behaviour(faults={"429": 0.2, "500": 0.2, "reset": 0.1, "garbage": 0.1})
    forwards = await outcomes(behaviour, list(range(40)))
    assert forwards == await outcomes(behaviour, list(reversed(range(40))))
    assert len({text[:4] for text in forwards.values()}) >= 4, "faults and answers of all kinds"


async def test_a_fault_passes_when_the_request_comes_again() -> None:
    server, session = HostileServer(Behaviour(faults={"500": 0.5})), aiohttp.ClientSession()
    async with server, session:
        tries = [await outcome(session, server.url, question(1)) for _ in range(30)]
    assert {text[:3] for text in tries} == {"200", "500"}
    assert server.stats.faults["500"] + server.stats.completions == 30


async def test_fault_rates_are_as_given() -> None:
    server = HostileServer(Behaviour(faults={"429": 0.1, "500": 0.05}))
    async with server, aiohttp.ClientSession() as session:
        for index in range(1000):
            await outcome(session, server.url, question(index))
    assert server.stats.faults["429"] == pytest.approx(100, abs=30)
    assert server.stats.faults["500"] == pytest.approx(50, abs=22)


async def test_slots_queue_what_is_above_them_and_the_log_says_when() -> None:
    server = HostileServer(Behaviour(slots=2, seconds=0.02))
    async with server, aiohttp.ClientSession() as session:
        await asyncio.gather(*(outcome(session, server.url, question(i)) for i in range(8)))
    stats = server.stats
    assert stats.in_flight == 0
    assert stats.in_flight_max == 8
    assert len(stats.log) == stats.completions == 8
    events = sorted(
        [(start, 1) for _, start, _, _ in stats.log] + [(e, -1) for _, _, e, _ in stats.log]
    )
    running, most = 0, 0
    for _, step in events:
        running += step
        most = max(most, running)
    assert most == 2
    assert all(arrival <= start <= end for arrival, start, end, _ in stats.log)


def test_service_times_have_the_mean_that_was_asked_for() -> None:
    server = HostileServer(Behaviour(seconds=0.2, sigma=0.8))
    drawn = [server.service_seconds(index.to_bytes(16, "big")) for index in range(20_000)]
    assert fmean(drawn) == pytest.approx(0.2, rel=0.03)


def test_rules_steer_the_answers_by_weight() -> None:
    script = rules(
        [("[Dd]ifficult", [("7", 1.0)]), ("sum", [("4", 3.0), ("5", 1.0)])], hashed_words(8)
    )
    asks = [Ask(index.to_bytes(16, "big"), "the sum?", {}, 0) for index in range(1000)]
    assert [script(ask) for ask in asks].count("4") == pytest.approx(750, abs=50)
    assert script(Ask(bytes(16), "How difficult?", {}, 0)) == "7"
    assert "Answer: " in script(Ask(bytes(16), "else", {}, 0))


async def test_a_server_in_its_own_process_reports_its_counters() -> None:
    with hostile_process({"tokens": 4}, [("question", [("forty-two", 1.0)])]) as server:
        async with aiohttp.ClientSession() as session:
            answer = await outcome(session, server.url, question(0, n=2))
        assert answer.count("forty-two") == 2
        assert server.stats()["completions"] == 2
        server.reset()
        assert server.stats()["completions"] == 0
