"""How a probe asks: again after a passing fault, with each call recorded and charged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from its.errors import (
    CallError,
    EndpointError,
    KeyRejected,
    PermanentCallError,
    TransientCallError,
)
from its.models.openai.faults import WEB_PAGE
from its.models.openai.reply import ReplyReader
from its.models.openai.settings import OpenAISettings
from its.models.openai.tokens import estimate_prompt
from its.models.protocol import Capabilities, Heard, ProbeRecorder, Received, Reply, Request
from its.usage import Usage

TRIES = 4
LONGEST_WAIT = 5.0
"""Seconds between tries."""

Send = Callable[..., Awaitable[tuple[Reply, ReplyReader]]]


@dataclass(frozen=True, slots=True)
class Asker:
    """What a probe asks with: one call, the terms learned so far, and where calls are recorded."""

    send: Send
    terms: Callable[[], Capabilities]
    record: ProbeRecorder


async def unrecorded(
    key: str, request: Request, ask: Callable[[Received], Awaitable[Heard]]
) -> Heard:
    """Makes a call and writes nothing down."""
    return await ask(Received())


class Inquiry:
    """All calls of one probe: what they cost, and what could not be found out."""

    def __init__(self, asker: Asker, address: str, settings: OpenAISettings) -> None:
        self._asker = asker
        self._address = address
        self._settings = settings
        self._patience = settings.timeouts.first_token
        self._hide = settings.secrets().in_data
        self.usages: list[Usage] = []
        self.notes: list[str] = []

    @property
    def terms(self) -> Capabilities:
        """The terms that the endpoint's refusals have taught so far."""
        return self._asker.terms()

    async def ask(
        self,
        key: str,
        request: Request,
        n: int = 1,
        capabilities: Capabilities | None = None,
        *,
        stream: bool = False,
    ) -> Heard:
        """Ask, and ask again after a passing fault."""

        async def send(received: Received) -> Heard:
            try:
                async with asyncio.timeout(self._patience):
                    reply, reader = await self._asker.send(
                        request, n, capabilities, stream=stream, received=received, probing=True
                    )
            except TimeoutError:
                self._charge_broken(request, received)
                words = f"{self._address} gave no token within {self._patience:g} s"
                raise TransientCallError(words) from None
            except CallError:
                self._charge_broken(request, received)
                raise
            return _heard(reply, reader, self._hide(reader.first_text))

        for attempt in range(1, TRIES + 1):
            try:
                heard = await self._asker.record(key, request, send)
            except TransientCallError as error:
                if attempt == TRIES or not error.answered or WEB_PAGE in str(error):
                    raise
                wait = error.retry_after if error.retry_after is not None else 0.2 * 2**attempt
                await asyncio.sleep(min(wait, LONGEST_WAIT))
            else:
                self.usages.append(heard.usage)
                return heard
        raise AssertionError("unreachable")

    async def maybe(
        self,
        what: str,
        request: Request,
        n: int = 1,
        capabilities: Capabilities | None = None,
        *,
        stream: bool = False,
    ) -> Heard | None:
        """Ask for a feature; None where it is refused, with a note where that is not certain."""
        try:
            return await self.ask(what, request, n, capabilities, stream=stream)
        except PermanentCallError as error:
            if isinstance(error, KeyRejected) and error.final:
                raise unusable(error, [], self._settings, self._address) from None
            return None
        except CallError as error:
            self.notes.append(f"{what} could not be found out: {error}")
            return None

    async def add(self, key: str, request: Request, heard: Heard) -> None:
        """Record and charge what another call brought and its endpoint did not count."""

        async def nothing_more(received: Received) -> Heard:
            return heard

        recorded = await self._asker.record(key, request, nothing_more)
        self.usages.append(recorded.usage)

    def _charge_broken(self, request: Request, received: Received) -> None:
        """What a call cost that brought nothing: as reported, or as seen of it."""
        if received.usage is not None:
            self.usages.append(received.usage)
        elif received.sent and received.tokens:
            prompt = received.prompt_tokens or estimate_prompt(request)
            self.usages.append(
                Usage(
                    calls=1,
                    prompt_tokens=prompt,
                    completion_tokens=received.tokens,
                    flops=None,
                    estimated_tokens=prompt + received.tokens,
                )
            )


def unusable(
    error: CallError, listed: Sequence[dict[str, Any]], settings: OpenAISettings, address: str
) -> EndpointError:
    """The plain sentence, with the fix, for an endpoint that gives no reply at all."""
    if isinstance(error, KeyRejected) and not error.account:
        return EndpointError(str(error))
    if isinstance(error, KeyRejected) and error.final:
        return EndpointError(f"{error}: add credit or wait for it, and run the same command again")
    if isinstance(error, KeyRejected):
        return EndpointError(f"{error}: set the right key in OPENAI_API_KEY or in api_key_env")
    if isinstance(error, TransientCallError) and not error.answered:
        return EndpointError(f"{error}: start the server, or fix base_url")
    names = [str(entry["id"]) for entry in listed if "id" in entry]
    if isinstance(error, PermanentCallError) and names and settings.name not in names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        return EndpointError(
            f"{address} knows no model {settings.name!r}: it lists {shown} ({error})"
        )
    return EndpointError(str(error))


def _heard(reply: Reply, reader: ReplyReader, text: str) -> Heard:
    return Heard(
        text=text,
        completions=len(reply.completions),
        usage=reply.usage,
        reported=not reply.usage.estimated_tokens,
        logprobs=bool(reply.completions) and reply.completions[0].logprobs is not None,
        names_stop=reader.names_stop,
        streamed=reader.streamed,
        finished=reader.finished,
        thinks=reader.thinks,
    )
