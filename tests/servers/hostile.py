"""A model server on the loopback that misbehaves on purpose, and counts the truth.

In a test: `async with HostileServer(Behaviour(...)) as server: ... server.url, server.stats`.
As a process: `python -m tests.servers.hostile --port 0 --behaviour '{"slots": 64}'` prints its
address; GET /stats returns its counters and POST /reset sets them to zero.

The same request always gets the same answer. What goes wrong is drawn from the request's content
and from how often that content has come before, so that a fault is the same whatever the order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist
from types import TracebackType
from typing import Any, Literal

from tests.servers.connection import Connection
from tests.servers.dialect import DIALECTS, Dialect
from tests.servers.script import Script, draw, hashed_words, rules

Fault = Literal[
    "429", "429_seconds", "429_date", "500", "reset", "reset_midway",
    "garbage", "empty", "html", "slow", "hang", "truncated",
]  # fmt: skip
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the server is like.

    `faults` gives each kind its share of the requests. `seconds` and `sigma` are the mean and the
    log-scale deviation of a log-normal service time; `slots` is how many requests are served at
    once (others queue), None for all. A stream is written in `bursts` equal parts over the service
    time. `slow` multiplies it for that fault. `retry_after` (seconds) is what "429_seconds" and
    "429_date" ask for. `whole_runs_on`: a whole reply whose client left is computed to its end.
    """

    seed: int = 0
    models: tuple[str, ...] = ("loopback",)
    key: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    faults: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    sigma: float = 0.0
    slots: int | None = None
    bursts: int = 8
    slow: float = 10.0
    retry_after: float = 1.0
    whole_runs_on: bool = False
    tokens: int = 16
    log: bool = True


@dataclass(slots=True)
class Stats:
    """The truth about what was served. Tokens of a reply that broke or was left count apart from
    those delivered; `log` has (arrival, start, end, service time) of each finished request."""

    requests: int = 0
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    in_flight: int = 0
    in_flight_max: int = 0
    cancelled: int = 0
    cancelled_prompt_tokens: int = 0
    cancelled_tokens: int = 0
    broken_prompt_tokens: int = 0
    broken_tokens: int = 0
    connections: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    refused: dict[int, int] = field(default_factory=dict)
    log: list[tuple[float, float, float, float]] = field(default_factory=list)


class HostileServer:
    """Runs in the event loop in which it is entered."""

    def __init__(self, behaviour: Behaviour | None = None, script: Script | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.script = script or hashed_words(self.behaviour.tokens)
        self.stats = Stats()
        self.bodies: list[Mapping[str, Any]] | None = None
        self._attempts: dict[bytes, int] = {}
        self._waiting: deque[Connection] = deque()
        self._running = 0
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> str:
        """Listen, and return the address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", port, backlog=4096
        )
        return self.url

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.drop()
        await asyncio.sleep(0)

    async def __aenter__(self) -> HostileServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def reset(self) -> None:
        """Forget all that was counted (calls in flight stay in flight)."""
        in_flight = self.stats.in_flight
        self.stats = Stats(in_flight=in_flight, in_flight_max=in_flight)
        self._attempts.clear()

    def fault_of(self, digest: bytes) -> str | None:
        """What goes wrong with this request, if anything."""
        shares = self.behaviour.faults
        if not shares:
            return None
        attempt = self._attempts.get(digest, 0)
        self._attempts[digest] = attempt + 1
        at = draw(digest, f"{self.behaviour.seed}:{attempt}")
        for kind, share in shares.items():
            at -= share
            if at < 0:
                self.stats.faults[kind] = self.stats.faults.get(kind, 0) + 1
                return kind
        return None

    def service_seconds(self, digest: bytes) -> float:
        """How long this request takes once it has a slot."""
        mean, sigma = self.behaviour.seconds, self.behaviour.sigma
        if not mean or not sigma:
            return mean
        normal = NORMAL.inv_cdf(min(max(draw(digest, "service"), 1e-12), 1 - 1e-12))
        return exp(log(mean) - sigma * sigma / 2 + sigma * normal)

    def connected(self, connection: Connection) -> None:
        self._connections.add(connection)
        self.stats.connections += 1

    def disconnected(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def enter(self, connection: Connection) -> None:
        """A request came in: serve it now, or when a slot falls free."""
        stats = self.stats
        stats.in_flight += 1
        stats.in_flight_max = max(stats.in_flight_max, stats.in_flight)
        slots = self.behaviour.slots
        if slots is None or self._running < slots:
            self._running += 1
            connection.serve()
        else:
            self._waiting.append(connection)

    def leave(self, connection: Connection, started: bool) -> None:
        """A request is done with, served or not."""
        self.stats.in_flight -= 1
        if not started:
            self._waiting.remove(connection)
            return
        self._running -= 1
        if self._waiting:
            self._running += 1
            self._waiting.popleft().serve()


def behaviour_from(settings: Mapping[str, Any]) -> Behaviour:
    """A behaviour from plain data; "dialect" is a name, or fields of a dialect."""
    values = dict(settings)
    dialect = values.get("dialect", "hosted")
    values["dialect"] = DIALECTS[dialect] if isinstance(dialect, str) else Dialect(**dialect)
    values["models"] = tuple(values.get("models", ("loopback",)))
    return Behaviour(**values)


async def main(arguments: argparse.Namespace) -> None:
    behaviour = behaviour_from(json.loads(arguments.behaviour))
    words = hashed_words(behaviour.tokens)
    table = json.loads(arguments.rules)
    server = HostileServer(behaviour, rules(table, words) if table else words)
    print(await server.start(arguments.port), flush=True)
    await asyncio.sleep(arguments.lifetime)
    await server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="a loopback model server that misbehaves")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", default="{}", help="fields of Behaviour, as JSON")
    parser.add_argument("--rules", default="[]", help='[["pattern", [["reply", 1.0]]]] as JSON')
    parser.add_argument("--lifetime", type=float, default=600.0, help="seconds until it ends")
    asyncio.run(main(parser.parse_args()))
