"""Requests a second and CPU a request: our model against a plain gather over the openai SDK.

    python -m tests.benchmarks.transport [--requests 4000] [--connections 1000]

Both talk to the same loopback server (a process of its own) in the same run; one column streams,
the other waits for whole replies. The server's own CPU and the ideal rate are printed beside.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Capabilities, Received, Request
from its.problems.problem import Message
from tests.servers.process import HostileProcess, hostile_process

QUESTION = "Number {0}: what is it? Think step by step, then write the result after 'Answer:'. " * 4
Ask = Callable[[int], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Measured:
    name: str
    seconds: float
    cpu: float
    requests: int

    def line(self, ideal: float) -> str:
        rate = self.requests / self.seconds
        cpu = 1000 * self.cpu / self.requests
        return f"{self.name:<24}{rate:>10,.0f}/s{cpu:>10.3f} ms{ideal / self.seconds:>10.2f}"


async def ours(url: str, stream: bool) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    settings = OpenAISettings(
        "loopback", url, capabilities=Capabilities(), stream="auto" if stream else "never"
    )
    model = OpenAIModel(settings)

    async def ask(index: int) -> str:
        request = Request((Message("user", QUESTION.format(index)),), 64, 0.8, seed=index)
        reply = await model.complete(request, received=Received())
        return reply.completions[0].text

    return ask, model.close


async def sdk(url: str, stream: bool) -> tuple[Ask, Callable[[], Awaitable[None]]]:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600)

    async def ask(index: int) -> str:
        asked: dict[str, Any] = {
            "model": "loopback",
            "messages": [{"role": "user", "content": QUESTION.format(index)}],
            "max_tokens": 64,
            "temperature": 0.8,
            "seed": index,
        }
        if not stream:
            whole = await client.chat.completions.create(**asked)
            return whole.choices[0].message.content or ""
        chunks = await client.chat.completions.create(**asked, stream=True)
        return "".join([c.choices[0].delta.content or "" async for c in chunks if c.choices])

    return ask, client.close


async def measure(name: str, ask: Ask, requests: int, connections: int) -> Measured:
    """Ask so many questions from so many tasks; connections are opened before the clock starts."""
    todo = iter(range(10**9, 10**9 + connections))

    async def work() -> None:
        for index in todo:
            await ask(index)

    await asyncio.gather(*(work() for _ in range(connections)))
    todo = iter(range(requests))
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(connections)))
    return Measured(name, time.perf_counter() - wall, time.process_time() - cpu, requests)


async def compare(server: HostileProcess, arguments: argparse.Namespace) -> None:
    requests, connections = arguments.requests, arguments.connections
    ideal = requests * arguments.seconds / connections
    print(f"{requests:,} requests, {connections:,} connections, {arguments.seconds:g} s each")
    print(f"{'':<24}{'rate':>12}{'CPU':>13}{'of ideal':>10}{'server CPU':>15}")
    ratios = []
    for stream in (False, True):
        how = "stream" if stream else "whole"
        lines = []
        for name, opened in (("its", ours), ("openai SDK", sdk)):
            ask, close = await opened(server.url, stream)
            count = requests if name == "its" else min(requests, arguments.sdk_requests)
            before = server.stats()
            lines.append(await measure(f"{name}, {how}", ask, count, connections))
            after = server.stats()
            await close()
            served = after["completions"] - before["completions"]
            its_cpu = 1000 * (after["cpu_seconds"] - before["cpu_seconds"]) / served
            print(f"{lines[-1].line(ideal * count / requests)}{its_cpu:>12.3f} ms", flush=True)
        own, theirs = (line.cpu / line.requests for line in lines)
        ratios.append(f"{how} {theirs / own:.1f} times")
    print(f"CPU saved against the SDK: {', '.join(ratios)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=8000)
    parser.add_argument("--sdk-requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.2, help="service time of a request")
    parser.add_argument("--tokens", type=int, default=16, help="mean length of a reply")
    arguments = parser.parse_args()
    behaviour = {
        "seconds": arguments.seconds,
        "sigma": 0.3,
        "tokens": arguments.tokens,
        "log": False,
    }
    with hostile_process(behaviour) as server:
        asyncio.run(compare(server, arguments))


if __name__ == "__main__":
    main()
