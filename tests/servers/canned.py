"""A loopback server that answers every request with the same bytes, whatever they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import orjson


@asynccontextmanager
async def canned(*parts: bytes, pause: float = 0.0, hold: bool = False) -> AsyncIterator[str]:
    """Serve `parts` one after another with a `pause` between; `hold` then keeps the connection
    open. Yields the base address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if hold:
                while await reader.read(2**16):
                    pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


def response(
    body: object, *, status: str = "200 OK", kind: str = "application/json", **headers: str
) -> bytes:
    """A response with a whole body: bytes as they are, anything else as JSON."""
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(text)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + text


def stream(events: Iterable[object], *, done: bool = True, newline: bytes = b"\n") -> bytes:
    """A whole response of server-sent events that ends with the connection."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    lines = [b"data: " + orjson.dumps(event) + 2 * newline for event in events]
    return head + b"".join(lines) + (b"data: [DONE]" + 2 * newline if done else b"")
