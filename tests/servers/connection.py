"""HTTP/1.1 by hand, for one connection of the loopback server: little, so that it is cheap."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import process_time
from typing import TYPE_CHECKING, Any

import orjson

from tests.servers.render import Plan, Refusal, plan_reply, stream_events, whole
from tests.servers.script import digest_of

if TYPE_CHECKING:
    from tests.servers.hostile import HostileServer

WEB_PAGE = b"<!DOCTYPE html><html><title>Welcome</title><body>It works!</body></html>"
REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    422: b"Unprocessable Content",
    429: b"Too Many Requests",
    500: b"Internal Server Error",
}
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """Reads one request after another and answers each before the next."""

    def __init__(self, server: HostileServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._busy = False
        self._started = False
        self._plan: Plan | None = None
        self._fault: str | None = None
        self._stream = False
        self._events: list[bytes] = []
        self._sent = 0
        self._timer: asyncio.TimerHandle | None = None
        self._arrival = self._start = self._service = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connected(self)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._busy:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.disconnected(self)
        if self._busy:
            self._left()

    def drop(self) -> None:
        self._transport.abort()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body = self._buffer[end + 4 : end + 4 + length]
        self._buffer = self._buffer[end + 4 + length :]
        method, path, _ = head.split(b" ", 2)
        self._route(method, path.partition(b"?")[0].decode(), head, body)

    def _route(self, method: bytes, path: str, head: bytes, body: bytes) -> None:
        server = self._server
        if path == "/stats":
            counted = asdict(server.stats) | {"cpu_seconds": process_time()}
            return self._answer(200, orjson.dumps(counted, option=orjson.OPT_NON_STR_KEYS))
        if path == "/reset":
            server.reset()
            return self._answer(200, b"{}")
        if path.endswith("/models") and method == b"GET":
            context = server.behaviour.dialect.context
            models = [{"id": name, "max_model_len": context} for name in server.behaviour.models]
            return self._answer(200, orjson.dumps({"object": "list", "data": models}))
        server.stats.requests += 1
        try:
            self._take(path, head, body)
        except Refusal as refusal:
            refused = server.stats.refused
            refused[refusal.status] = refused.get(refusal.status, 0) + 1
            self._answer(refusal.status, refusal.body)
        return None

    def _take(self, path: str, head: bytes, raw: bytes) -> None:
        """Plan the reply to a completion request, and queue it."""
        server, behaviour = self._server, self._server.behaviour
        chat = path.endswith("/chat/completions")
        if not chat and not path.endswith("/completions"):
            raise Refusal(404, {"detail": "Not Found"})
        if behaviour.key and f"Bearer {behaviour.key}".encode() not in head:
            error = {"message": "Invalid API Key", "type": "authentication_error", "code": 401}
            raise Refusal(401, {"error": error})
        try:
            body: Mapping[str, Any] = orjson.loads(raw)
        except ValueError:
            raise Refusal(400, {"error": {"message": "bad JSON"}}) from None
        if server.bodies is not None:
            server.bodies.append(body)
        model, status = body.get("model"), behaviour.dialect.unknown_model
        if model not in behaviour.models and status != 200:
            words = f"The model `{model}` does not exist."
            raise Refusal(
                status, {"detail": words} if status == 400 else {"error": {"message": words}}
            )
        digest = digest_of(path, body)
        self._fault = server.fault_of(digest)
        if self._fault in ("429", "429_seconds", "429_date", "500", "reset"):
            return self._fail(self._fault)
        dialect = behaviour.dialect
        self._plan = plan_reply(body, digest, dialect, server.script, chat=chat)
        self._stream = bool(body.get("stream")) and dialect.streams
        options = body.get("stream_options") or {}
        self._usage = bool(options.get("include_usage"))
        self._service = server.service_seconds(digest)
        if self._fault == "slow":
            self._service *= behaviour.slow
        self._busy, self._started = True, False
        self._arrival = self._loop.time()
        server.enter(self)
        return None

    def _fail(self, fault: str) -> None:
        """A fault that costs the server nothing."""
        wait = self._server.behaviour.retry_after
        if fault == "reset":
            self._reset()
        elif fault == "500":
            self._answer(500, b'{"error": {"message": "the engine fell over"}}')
        else:
            extra = b""
            if fault == "429_seconds":
                extra = f"Retry-After: {wait:g}\r\n".encode()
            elif fault == "429_date":
                when = format_datetime(datetime.now(UTC) + timedelta(seconds=wait), usegmt=True)
                extra = f"Retry-After: {when}\r\n".encode()
            self._answer(429, b'{"error": {"message": "slow down", "code": 429}}', extra)

    def serve(self) -> None:
        """Begin to work on the request: it has a slot now."""
        assert self._plan is not None
        self._started = True
        self._start = self._loop.time()
        self._sent = 0
        if self._fault == "hang":
            return
        behaviour = self._server.behaviour
        if not self._stream or self._fault in ("garbage", "empty", "html"):
            if self._service:
                self._timer = self._loop.call_later(self._service, self._finish_whole)
            else:
                self._finish_whole()
            return
        self._events = stream_events(self._plan, behaviour.dialect, self._usage)
        self._transport.write(STREAM_HEAD)
        bursts = behaviour.bursts
        if self._service:
            self._timer = self._loop.call_later(self._service / bursts, self._burst, 1, bursts)
        else:
            self._burst(1, 1)

    def _burst(self, number: int, of: int) -> None:
        """Write one part of the stream, and plan the next."""
        until = len(self._events) * number // of
        if self._fault in ("truncated", "reset_midway") and 2 * number >= of:
            return self._break(self._events[self._sent : (self._sent + until) // 2])
        part = b"".join(self._events[self._sent : until])
        self._sent = until
        last = number == of
        chunk = b"%x\r\n%b\r\n" % (len(part), part) if part else b""
        self._transport.write(chunk + b"0\r\n\r\n" if last else chunk)
        if last:
            self._delivered()
        else:
            self._timer = self._loop.call_later(self._service / of, self._burst, number + 1, of)
        return None

    def _finish_whole(self) -> None:
        assert self._plan is not None
        fault = self._fault
        if fault == "garbage":
            return self._spoilt(
                b'{"choices": [{"message": {"content": "half a', b"application/json"
            )
        if fault == "html":
            return self._spoilt(WEB_PAGE, b"text/html")
        if fault == "empty":
            return self._spoilt(
                b'{"object": "chat.completion", "choices": []}', b"application/json"
            )
        body = whole(self._plan, self._server.behaviour.dialect)
        if fault in ("truncated", "reset_midway"):
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            return self._break([head % len(body), body[: len(body) // 2]], chunked=False)
        self._answer(200, body)
        self._delivered()
        return None

    def _spoilt(self, body: bytes, kind: bytes) -> None:
        """A reply that came through and is worth nothing."""
        stats = self._server.stats
        assert self._plan is not None
        stats.broken_prompt_tokens += self._plan.prompt_tokens
        stats.broken_tokens += self._plan.completion_tokens
        self._answer(200, body, kind=kind)
        self._done()

    def _break(self, last: list[bytes], *, chunked: bool = True) -> None:
        """Send a little more and break the connection, politely or not."""
        assert self._plan is not None
        stats = self._server.stats
        stats.broken_prompt_tokens += self._plan.prompt_tokens
        seen = (self._sent + len(last)) if chunked else self._plan.completion_tokens
        stats.broken_tokens += min(seen, self._plan.completion_tokens)
        part = b"".join(last)
        self._transport.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked and part else part)
        reset = self._fault == "reset_midway"
        self._done()
        if reset:
            self._reset()
        else:
            self._transport.close()

    def _reset(self) -> None:
        """Close with a TCP reset, as a server that fell over does."""
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._transport.abort()

    def _delivered(self) -> None:
        assert self._plan is not None
        stats = self._server.stats
        stats.completions += len(self._plan.choices)
        stats.prompt_tokens += self._plan.prompt_tokens
        stats.completion_tokens += self._plan.completion_tokens
        if self._server.behaviour.log:
            stats.log.append((self._arrival, self._start, self._loop.time(), self._service))
        self._done()

    def _done(self) -> None:
        self._busy, self._plan, self._events = False, None, []
        self._server.leave(self, self._started)
        if self._buffer:
            self._next()

    def _left(self) -> None:
        """The client went away: count what had been made for it."""
        assert self._plan is not None
        stats, plan = self._server.stats, self._plan
        if self._timer is not None:
            self._timer.cancel()
        made = 0
        if self._started:
            stats.cancelled_prompt_tokens += plan.prompt_tokens
            if self._stream:
                made = min(self._sent, plan.completion_tokens)
            elif self._server.behaviour.whole_runs_on:
                made = plan.completion_tokens
            elif self._fault != "hang":
                share = (self._loop.time() - self._start) / (self._service or 1.0)
                made = int(plan.completion_tokens * min(1.0, share))
        stats.cancelled += 1
        stats.cancelled_tokens += made
        self._busy = False
        self._server.leave(self, self._started)

    def _answer(
        self, status: int, body: bytes, extra: bytes = b"", kind: bytes = b"application/json"
    ) -> None:
        self._transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n%b"
            % (status, REASONS[status], kind, extra, len(body), body)
        )
        if not self._busy and self._buffer:
            self._next()
