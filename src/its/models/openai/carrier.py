"""What carries requests to an endpoint and replies back: httpx's transport over aiohttp.

The transport is called directly: an `httpx.AsyncClient` around it costs as much CPU again as all
the rest of a request.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream

from its.errors import ConfigurationError
from its.models.openai.settings import OpenAISettings

KEEP_IDLE = 4.0
"""Seconds an idle connection is kept: common servers drop theirs after 5, and a request sent into
a closing connection is lost."""
READ_BUFFER = 2**18
"""Bytes of a stream that may gather before the endpoint has to wait."""


class Post(httpx.Request):
    """A request that differs from the first one in its body alone: to check and write the same
    address and headers again costs more than to send them."""

    def __init__(self, first: httpx.Request, target: str, body: bytes) -> None:
        self.method, self.url, self.headers = first.method, first.url, first.headers
        self.target = target
        self.stream, self.extensions = httpx.ByteStream(body), first.extensions
        self._content = body


class Carrier(AiohttpTransport):
    """Keeps connections. A `Post` goes to the session straight, every other request the usual way
    of the transport."""

    def __init__(
        self, session: aiohttp.ClientSession, secure: ssl.SSLContext, proxy: httpx.Proxy | None
    ) -> None:
        super().__init__(verify=secure, client=session, proxy=proxy)
        self._session = session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError or aiohttp.ClientError."""
        if self.proxy is not None or not isinstance(request, Post):
            return await super().handle_async_request(request)
        response = await self._session.post(
            request.target, data=request.content, allow_redirects=False
        )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=AiohttpResponseStream(response),
            request=request,
        )


def open_carrier(
    headers: dict[str, str], proxy: httpx.Proxy | None, connect: float, *, keep: bool = True
) -> Carrier:
    """`connect`: seconds for a connection; `keep`: whether one is used again."""
    secure = ssl.create_default_context()
    connector = (
        aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_IDLE, ssl=secure)
        if keep
        else aiohttp.TCPConnector(limit=0, force_close=True, ssl=secure)
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
        timeout=aiohttp.ClientTimeout(sock_connect=connect),
        auto_decompress=False,
        read_bufsize=READ_BUFFER,
    )
    return Carrier(session, secure, proxy)


def beneath(response: httpx.Response) -> aiohttp.ClientResponse:
    """What lies under a response: its headers are looked up there without decoding all of them,
    and there the pieces of a stream can come together."""
    found: aiohttp.ClientResponse = response.stream._aiohttp_response  # type: ignore[union-attr]
    return found


def headers_of(settings: OpenAISettings) -> dict[str, str]:
    """Those of every request, kept by the session; one of the user replaces one of ours."""
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Accept-Encoding": "identity",
        "User-Agent": "its",
    }
    if settings.api_key and settings.key_header.lower() == "authorization":
        headers["Authorization"] = f"Bearer {settings.api_key}"
    elif settings.api_key:
        headers[settings.key_header] = settings.api_key
    elif settings.credentials is not None:
        pair = ":".join(settings.credentials).encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    return dict(httpx.Headers({**headers, **settings.headers}).items())


def proxy_of(settings: OpenAISettings) -> httpx.Proxy | None:
    """The proxy that the environment names; none for this machine itself."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127.") or proxy_bypass(host):
        return None
    named = getproxies()
    address = named.get(parts.scheme) or named.get("all")
    if address is None:
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except ValueError:
        raise ConfigurationError(
            "the proxy that the environment names cannot be used: give one such as "
            "http://host:port in HTTPS_PROXY, or leave it out with NO_PROXY"
        ) from None
