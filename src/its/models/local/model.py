"""The `Model` that runs a GGUF file."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from its.errors import EndpointError
from its.models.local.gguf_file import GgufFile
from its.models.local.machine import Serving
from its.models.local.server import RunningServer, start_server
from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings
from its.models.openai.tokens import estimate, prompt_bound
from its.models.protocol import Capabilities, Received, Reply, Request
from its.usage import Usage

KNOWN = Capabilities(
    n=True,
    usage="one_choice",
    continues="trailing",
    echoes_prefix=True,
    trims_stop=True,
    names_stop=False,
    logprobs=True,
    streams=True,
    json_schema=True,
)
"""What llama.cpp does, so that a server of our own need not be asked."""
MOST_STARTS = 3


class LocalModel:
    """llama.cpp in a child process, started by the first call and ended by `close`.

    A server that dies is started again, three times at most; the calls it had in flight fail as
    if a connection had broken.
    """

    def __init__(self, file: GgufFile, how: Serving, settings: OpenAISettings) -> None:
        self.name = settings.name
        self.parameters = settings.parameters
        self._file = file
        self._how = how
        self.settings = replace(settings, capabilities=replace(KNOWN, context=how.context))
        self._starting = asyncio.Lock()
        self._server: RunningServer | None = None
        self._client: OpenAIModel | None = None
        self._starts = 0

    async def probe(self) -> tuple[Capabilities, Usage]:
        """What llama.cpp does; the model is loaded meanwhile, and nothing is spent.

        Raises EndpointError where the model cannot be loaded.
        """
        await self._running()
        assert self.settings.capabilities is not None
        return self.settings.capabilities, Usage()

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """See Model. Raises CallError, and EndpointError where the server keeps dying."""
        client = await self._running()
        return await client.complete(request, n, received=received)

    def prompt_bound(self, request: Request) -> int:
        return prompt_bound(request)

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        async with self._starting:
            if self._client is not None:
                await self._client.close()
            if self._server is not None:
                await self._server.stop()
            self._client = self._server = None

    async def _running(self) -> OpenAIModel:
        """The client of a server that runs."""
        async with self._starting:
            if self._client is not None and self._server is not None and not self._server.ended:
                return self._client
            if self._client is not None:
                await self._client.close()
            if self._starts == MOST_STARTS:
                raise EndpointError(
                    f"llama.cpp ended {MOST_STARTS} times while it ran {self._file.path}: "
                    "it may need more memory; lower --concurrency, or take a smaller model"
                )
            self._starts += 1
            self._server = await start_server(self._file, self.name, self._how)
            self._client = OpenAIModel(
                replace(self.settings, base_url=self._server.base_url, api_key=self._server.key)
            )
            return self._client
