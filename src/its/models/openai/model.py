"""The `Model` for any server that speaks the OpenAI API."""

from __future__ import annotations

import re
from time import monotonic

from its.errors import CallError, PermanentCallError
from its.models.openai.body import raw_prompt, request_body
from its.models.openai.faults import Faults
from its.models.openai.probe import probe, unusable
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.openai.tokens import estimate, prompt_bound, raw_bound
from its.models.openai.transport import Transport
from its.models.protocol import Capabilities, Received, Reply, Request
from its.usage import Usage

_NEGOTIABLE = re.compile(r"\b(?:max_completion_tokens|stream_options|seed)\b")


class OpenAIModel:
    """Sends each call once and reads its reply; retries, limits and money are the caller's.

    `capabilities` are those of the settings until `probe` finds its own.
    """

    def __init__(self, settings: OpenAISettings) -> None:
        self.name = settings.name
        self.parameters = settings.parameters
        self.capabilities = settings.capabilities
        self._faults = Faults(settings)
        self._settings = settings
        self._transport = Transport(settings, self._faults)
        self._dialect: frozenset[str] = frozenset()

    async def probe(self) -> tuple[Capabilities, Usage]:
        """Ask the endpoint what it does, by a few calls of a few tokens.

        Raises EndpointError where it is not reached, refuses the key or knows no such model.
        """
        address = self._faults.address
        try:
            listed = await self._transport.list_models()
        except CallError as error:
            raise unusable(error, [], self._settings, address) from None
        self.capabilities, usage = await probe(self._ask, listed, self._settings, address)
        return self.capabilities, usage

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """Ask for `n` completions; fewer come back where the endpoint ignores `n`.

        Raises CallError. A refusal of the token limit's name, of the seed or of usage in streams
        is no answer: the call is sent again without them, and so is every later one.
        """
        known = self.capabilities
        stream = self._settings.stream == "auto" and (known is None or known.streams)
        reply, _ = await self._ask(request, n, known, stream=stream, received=received)
        return reply

    async def _ask(
        self,
        request: Request,
        n: int,
        capabilities: Capabilities | None,
        *,
        stream: bool,
        received: Received,
    ) -> tuple[Reply, ReplyReader]:
        """One call on the terms of `capabilities` (None: nothing is known, try everything)."""
        while True:
            dialect = self._dialect
            body = request_body(
                request, n, self._settings, capabilities, stream=stream, dialect=dialect
            )
            reader = ReplyReader(
                request, capabilities or Capabilities(), self._faults, self.parameters
            )
            started = monotonic()
            try:
                await self._transport.post(body, reader, received, stream=stream)
                return reader.reply(monotonic() - started), reader
            except BaseException as error:
                reader.report(received)
                wanted = _other_dialect(error)
                if wanted <= dialect:
                    raise
                self._dialect |= wanted

    def prompt_bound(self, request: Request) -> int:
        settings = self._settings
        if settings.api == "completions":
            return raw_bound(raw_prompt(request.messages, request.continues, settings.template))
        return prompt_bound(request)

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        await self._transport.close()


def _other_dialect(error: BaseException) -> frozenset[str]:
    """How an endpoint that refused a request wants it to be written: fields to rename or leave."""
    if not isinstance(error, PermanentCallError) or error.status not in (400, 422):
        return frozenset()
    return frozenset(_NEGOTIABLE.findall(str(error)))
