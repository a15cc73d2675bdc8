"""A loopback endpoint whose every reply a test writes, with the endpoint's own count beside it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.servers.canned import response, stream

MODELS = {"object": "list", "data": [{"id": "loopback"}]}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its body, its head as it came, its path with the query, its number from 0."""

    body: Mapping[str, Any]
    head: str
    path: str
    number: int

    @property
    def question(self) -> str:
        return str(self.body["messages"][-1]["content"])

    @property
    def probes(self) -> bool:
        """Whether the endpoint is only asked what it can do."""
        return "Count in words" in str(self.body["messages"])


@dataclass(slots=True)
class Counted:
    """What the endpoint counted: calls with a reply, completions and tokens in them, refusals."""

    asked: list[Asked] = field(default_factory=list)
    completions: int = 0
    tokens: int = 0
    refusals: int = 0


Writes = Callable[[Asked, Counted], bytes]


class OddServer:
    """Runs in a thread of its own until its context ends."""

    def __init__(self, writes: Writes, models: bytes | None, host: str) -> None:
        self.counted = Counted()
        self.url = ""
        self._writes = writes
        self._models = models
        self._host = host
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connection, self._host, 0, backlog=1024)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        await self._over.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = 0
            for line in head.lower().split("\r\n"):
                if line.startswith("content-length:"):
                    length = int(line.partition(":")[2])
            raw = await reader.readexactly(length)
            writer.write(self._reply(head, raw))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _reply(self, head: str, raw: bytes) -> bytes:
        method, path, _ = head.split(" ", 2)
        if method == "GET":
            return response(MODELS) if self._models is None else self._models
        counted = self.counted
        asked = Asked(orjson.loads(raw), head, path, len(counted.asked))
        counted.asked.append(asked)
        return self._writes(asked, counted)


@contextmanager
def odd_server(
    writes: Writes, models: bytes | None = None, host: str = "127.0.0.1"
) -> Iterator[OddServer]:
    """Serve what `writes` writes for each request; `models` is the answer to a list of models."""
    server = OddServer(writes, models, host)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def says(
    asked: Asked,
    counted: Counted,
    text: str | None = "Answer: 4",
    *,
    finish: str | None = "stop",
    n: int = 1,
    completion: int = 8,
    prompt: int = 20,
    usage: Mapping[str, Any] | None = None,
    **message: Any,
) -> bytes:
    """A good reply, whole or streamed as it was asked for, and counted."""
    counted.completions += n
    counted.tokens += n * completion + prompt
    account = (
        usage
        if usage is not None
        else {
            "prompt_tokens": prompt,
            "completion_tokens": n * completion,
            "total_tokens": prompt + n * completion,
        }
    )
    if not asked.body.get("stream"):
        said = {"role": "assistant", "content": text, **message}
        choices = [{"index": i, "message": said, "finish_reason": finish} for i in range(n)]
        return response(json.dumps({"choices": choices, "usage": account}).encode())
    events: list[Mapping[str, Any]] = []
    for index in range(n):
        piece = {"index": index, "delta": {"content": text, **message}, "finish_reason": None}
        events.append({"choices": [piece]})
        if finish is not None:
            events.append({"choices": [{"index": index, "delta": {}, "finish_reason": finish}]})
    return stream([*events, {"choices": [], "usage": account}])


def refuses(
    counted: Counted, message: str, *, status: str = "400 Bad Request", **error: Any
) -> bytes:
    counted.refusals += 1
    return response({"error": {"message": message, **error}}, status=status)


def bodies(server: OddServer) -> Sequence[Mapping[str, Any]]:
    """The requests of the run itself, the probe's left out."""
    return [asked.body for asked in server.counted.asked if not asked.probes]
