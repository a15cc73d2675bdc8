"""One HTTP context with the endpoint: connections, timeouts, and what a broken one means.

Requests and responses are httpx's (see `carrier`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import httpx

from its.errors import CallError
from its.models.openai.broken import BROKEN, UNREACHED, cause_of, failure
from its.models.openai.carrier import (
    READ_BUFFER,
    Carrier,
    Post,
    beneath,
    headers_of,
    open_carrier,
    proxy_of,
)
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode
from its.models.openai.reply import LONGEST_REPLY
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Received

LARGE_BODY = 2**20
"""Bytes; a larger request is sent in parts, so that other calls go on meanwhile."""
GATHERING = 0.1
"""Seconds for which the pieces of a stream may lie unread."""
WATCHED = 0.02
"""The same where the stream may be cut."""
END_OF_STREAM = 0.2
"""Seconds a stream gets, after its end mark, to end in order, so that its connection can be used
again."""
LONGEST_REFUSAL = 2**20
"""Bytes that are read of a refusal."""


class Reader(Protocol):
    """Takes what comes back of one call; raises CallError for what is no reply. `begun` turns True
    with the first token, `done` with the whole reply."""

    @property
    def begun(self) -> bool: ...

    @property
    def done(self) -> bool: ...

    def read_whole(self, body: bytes) -> None: ...

    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


class Transport:
    """Keeps the connections to one endpoint. The caller's slots limit how many there are."""

    def __init__(self, settings: OpenAISettings, faults: Faults) -> None:
        self._settings = settings
        self._faults = faults
        path = "completions" if settings.api == "completions" else "chat/completions"
        self._post_url = _address(settings, settings.path or path)
        self._models_url = _address(settings, "models")
        self._timeouts = {"timeout": {"connect": settings.timeouts.connect}}
        self._first = httpx.Request("POST", self._post_url, extensions=self._timeouts)
        self._target = str(self._post_url)
        self._headers, self._proxy = headers_of(settings), proxy_of(settings)
        self._carrier: Carrier | None = None
        self._retired: list[Carrier] = []

    async def post(self, body: bytes, reader: Reader, received: Received, *, stream: bool) -> None:
        """Send a request and give all that comes back to `reader`. Raises CallError."""
        timeouts = self._settings.timeouts
        now = asyncio.get_running_loop().time()
        end = now + timeouts.total
        first = min(end, now + timeouts.first_token)
        request = self._request(body)
        received.sent = True
        try:
            async with asyncio.timeout_at(first if stream else end) as limit:
                response = await self._send(request)
                try:
                    await self._read(response, reader, received, stream, limit, end)
                finally:
                    if not beneath(
                        response
                    ).content.is_eof():  # at its end, it has let go by itself
                        await response.aclose()
        except BROKEN as error:
            if reader.done:
                return
            cause = cause_of(error)
            if isinstance(cause, UNREACHED):
                received.sent = False
            raise failure(cause, self._faults, timeouts, reader.begun or not stream) from None

    async def list_models(self) -> list[dict[str, Any]]:
        """What the endpoint lists at /models, nothing where it has no such list. Raises CallError
        where it is not reached or refuses the key."""
        try:
            async with asyncio.timeout(self._settings.timeouts.first_token):
                response = await self._send(self._get(self._models_url))
                try:
                    body = await _whole(response, LONGEST_REPLY)
                finally:
                    await response.aclose()
        except BROKEN as error:
            cause = cause_of(error)
            if isinstance(cause, UNREACHED):
                raise failure(cause, self._faults, self._settings.timeouts, begun=False) from None
            return []
        if response.status_code in (401, 403):
            raise self._faults.refused(response.status_code, body, response.headers)
        try:
            listed = decode(body) if response.status_code == 200 else None
        except ValueError:
            listed = None
        entries = listed.get("data") if isinstance(listed, dict) else None
        return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []

    async def close(self) -> None:
        for carrier in (*self._retired, self._carrier):
            if carrier is not None:
                await carrier.aclose()
        self._carrier, self._retired = None, []

    # --- one request ----------------------------------------------------------------------------

    def _request(self, body: bytes) -> httpx.Request:
        if len(body) < LARGE_BODY:
            return Post(self._first, self._target, body)
        return httpx.Request(
            "POST",
            self._post_url,
            headers={"Content-Length": str(len(body))},
            content=_parts(body),
            extensions=self._timeouts,
        )

    def _get(self, url: httpx.URL) -> httpx.Request:
        return httpx.Request("GET", url, extensions=self._timeouts)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        carrier = self._carrier or self._open()
        response = await carrier.handle_async_request(request)
        if not self._retired and beneath(response).headers.get("Server") == "llama.cpp":
            self._use_connections_once()
        return response

    async def _read(
        self,
        response: httpx.Response,
        reader: Reader,
        received: Received,
        stream: bool,
        limit: asyncio.Timeout,
        end: float,
    ) -> None:
        if response.status_code != 200:
            said = await _whole(response, LONGEST_REFUSAL)
            raise self._faults.refused(response.status_code, said, response.headers)
        headers = beneath(response).headers
        kind = headers.get("Content-Type", "").partition(";")[0].strip()
        if not stream or kind in ("application/json", "text/html"):
            body = await _whole(response, LONGEST_REPLY)
            if len(body) >= LONGEST_REPLY:
                raise self._faults.garbled(b"", f"sent more than {LONGEST_REPLY >> 20} MiB")
            if kind == "text/event-stream" or body[:5] == b"data:":
                reader.feed(body)  # an endpoint that streams whether asked to or not
                reader.finish()
            else:
                reader.read_whole(body)
        elif headers.get("Content-Encoding"):
            async for data in response.aiter_bytes():
                reader.feed(data)
            reader.finish()
        else:
            wait = WATCHED if received.watches else GATHERING
            await _read_stream(beneath(response).content, reader, wait, limit, end)

    # --- connections ----------------------------------------------------------------------------

    def _use_connections_once(self) -> None:
        """llama.cpp closes a connection after a stream although it promises to keep it, so that
        the next request on it is lost; and each idle one occupies one of its few workers."""
        if self._carrier is not None:
            self._retired.append(self._carrier)
            self._open(keep=False)

    def _open(self, *, keep: bool = True) -> Carrier:
        connect = self._settings.timeouts.connect
        self._carrier = open_carrier(self._headers, self._proxy, connect, keep=keep)
        return self._carrier


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), READ_BUFFER):
        yield body[start : start + READ_BUFFER]


async def _whole(response: httpx.Response, most: int) -> bytes:
    """The body, unpacked where it is packed, and at most about so many bytes of it."""
    headers, content = beneath(response).headers, beneath(response).content
    if not headers.get("Content-Encoding"):
        length = headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length) < most:
            return content.read_nowait() if content.is_eof() else await content.read()
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size >= most:
            break
    return b"".join(parts)


async def _read_stream(
    content: aiohttp.StreamReader,
    reader: Reader,
    wait: float,
    limit: asyncio.Timeout,
    end: float,
) -> None:
    """Feed a stream to the reader until its end; the first token moves the limit to `end`."""
    waiting = True
    try:
        while data := await content.readany():
            reader.feed(data)
            if reader.done:
                break
            if reader.begun:
                if waiting:
                    waiting = False
                    limit.reschedule(end)
                await _gather(content, wait)
    except asyncio.CancelledError:
        with suppress(CallError, aiohttp.ClientError):  # what has come is still to be charged
            reader.feed(content.read_nowait())
        raise
    if reader.done and not content.is_eof():
        limit.reschedule(asyncio.get_running_loop().time() + END_OF_STREAM)
        await content.wait_eof()
    reader.finish()


async def _gather(content: aiohttp.StreamReader, wait: float) -> None:
    """Let pieces come together for a while, or to the end: to wake for each of them costs more
    than to read it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(wait):
            await content.wait_eof()


def _address(settings: OpenAISettings, path: str) -> httpx.URL:
    parts = urlsplit(settings.url)
    return httpx.URL(urlunsplit(parts._replace(path=f"{parts.path}/{path}")))
