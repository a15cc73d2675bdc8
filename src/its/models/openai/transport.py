"""One HTTP context with the endpoint: connections, timeouts, and what a broken one means."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from its.errors import CallError, TransientCallError
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Received

KEEP_IDLE = 4.0
"""Seconds an idle connection is kept: common servers drop theirs after 5, and a request sent into
a closing connection is lost."""
LARGE_BODY = 2**20
GATHERING = 0.1
"""Seconds for which the pieces of a stream may lie unread."""
READ_BUFFER = 2**18
"""Bytes that may gather meanwhile before the endpoint has to wait."""
END_OF_STREAM = 0.2
"""Seconds a stream gets, after its end mark, to end in order, so that its connection can be used
again."""
UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Transport:
    """Keeps the connections to one endpoint. The caller's slots limit how many there are."""

    def __init__(self, settings: OpenAISettings, faults: Faults) -> None:
        self._settings = settings
        self._faults = faults
        path = "completions" if settings.api == "completions" else "chat/completions"
        self._post_url = _address(settings, path)
        self._models_url = _address(settings, "models")
        self._session: aiohttp.ClientSession | None = None
        self._retired: list[aiohttp.ClientSession] = []

    async def post(
        self, body: bytes, reader: ReplyReader, received: Received, *, stream: bool
    ) -> None:
        """Send a request and give all that comes back to `reader`. Raises CallError."""
        session = self._session or self._open()
        timeouts = self._settings.timeouts
        now = asyncio.get_running_loop().time()
        end = now + timeouts.total
        first = min(end, now + timeouts.first_token)
        payload = body if len(body) < LARGE_BODY else BytesIO(body)
        received.sent = True
        try:
            async with (
                asyncio.timeout_at(first if stream else end) as limit,
                session.post(self._post_url, data=payload, allow_redirects=False) as response,
            ):
                self._heed(response.headers)
                if response.status != 200:
                    said = await response.read()
                    raise self._faults.refused(response.status, said, response.headers)
                if stream and response.content_type not in ("application/json", "text/html"):
                    await _read_stream(response.content, reader, limit, end)
                else:
                    reader.read_whole(await response.read())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if reader.done:
                return
            if isinstance(error, UNREACHED):
                received.sent = False
            raise self._failure(error, reader.begun or not stream) from None

    async def list_models(self) -> list[dict[str, Any]]:
        """What the endpoint lists at /models, nothing where it has no such list. Raises CallError
        where it is not reached or refuses the key."""
        session = self._session or self._open()
        try:
            async with (
                asyncio.timeout(self._settings.timeouts.first_token),
                session.get(self._models_url, allow_redirects=False) as response,
            ):
                self._heed(response.headers)
                body = await response.read()
        except UNREACHED as error:
            raise self._failure(error, begun=False) from None
        except (aiohttp.ClientError, OSError, ValueError):
            return []
        if response.status in (401, 403):
            raise self._faults.refused(response.status, body, response.headers)
        try:
            listed = decode(body) if response.status == 200 else None
        except ValueError:
            listed = None
        entries = listed.get("data") if isinstance(listed, dict) else None
        return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []

    async def close(self) -> None:
        for session in (*self._retired, self._session):
            if session is not None:
                await session.close()
        self._session, self._retired = None, []

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Use connections once where keeping them harms.

        llama.cpp closes a connection after a stream although it promises to keep it, so that the
        next request on it is lost; and each idle one occupies one of its few workers.
        """
        if headers.get("Server") == "llama.cpp" and self._session and not self._retired:
            self._retired.append(self._session)
            self._open(keep=False)

    def _open(self, *, keep: bool = True) -> aiohttp.ClientSession:
        settings = self._settings
        connector = (
            aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_IDLE)
            if keep
            else aiohttp.TCPConnector(limit=0, force_close=True)
        )
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "User-Agent": "its",
        }
        if settings.api_key:
            headers["Authorization"] = f"Bearer {settings.api_key}"
        elif settings.credentials is not None:
            pair = ":".join(settings.credentials).encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None, connect=settings.timeouts.connect),
            read_bufsize=READ_BUFFER,
            proxy=_proxy(settings),
        )
        return self._session

    def _failure(self, error: Exception, begun: bool) -> TransientCallError:
        """The plain sentence for a connection that failed."""
        if isinstance(error, UNREACHED):
            return self._faults.lost(_why_unreached(error), answered=False)
        timeouts = self._settings.timeouts
        if isinstance(error, TimeoutError) and (begun or timeouts.total <= timeouts.first_token):
            what = f"did not finish its reply within {timeouts.total:g} s"
        elif isinstance(error, TimeoutError):
            what = f"gave no token within {timeouts.first_token:g} s"
        elif isinstance(error, aiohttp.ClientPayloadError):
            what = "broke off in the middle of its reply"
        elif isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
            what = "closed the connection without a reply"
        else:
            what = f"broke the connection ({type(error).__name__})"
        return self._faults.lost(what)


def _why_unreached(error: aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "cannot be reached: it took no connection in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "cannot be reached: its host name is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "cannot be trusted: its certificate is not valid"
    number = error.os_error.errno
    return f"cannot be reached: {os.strerror(number) if number else 'no connection'}"


async def _read_stream(
    content: aiohttp.StreamReader, reader: ReplyReader, limit: asyncio.Timeout, end: float
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
                await _gather(content)
    except asyncio.CancelledError:
        with suppress(CallError, aiohttp.ClientError):  # what has come is still to be charged
            reader.feed(content.read_nowait())
        raise
    if reader.done and not content.is_eof():
        limit.reschedule(asyncio.get_running_loop().time() + END_OF_STREAM)
        await content.wait_eof()
    reader.finish()


async def _gather(content: aiohttp.StreamReader) -> None:
    """Let pieces come together for a while, or to the end: to wake for each of them costs more
    than to read it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GATHERING):
            await content.wait_eof()


def _address(settings: OpenAISettings, path: str) -> URL:
    parts = urlsplit(settings.url)
    return URL(urlunsplit(parts._replace(path=f"{parts.path}/{path}")))


def _proxy(settings: OpenAISettings) -> str | None:
    """The proxy that the environment names, looked up once; none for this machine itself."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127.") or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
