"""What an endpoint does, found out by asking it: a few calls of one to four tokens.

Nothing is judged by how well the model answers, only by how replies are built and how many
tokens they report, so that the weakest model gives the same findings as the strongest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

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
from its.models.protocol import Capabilities, Received, Reply, Request
from its.problems.problem import Message
from its.usage import Usage, total

QUESTION = "Count in words from one to nine."
PREFIX = "one two three four"
SCHEMA = {
    "type": "object",
    "properties": {"count": {"type": "integer"}},
    "required": ["count"],
    "additionalProperties": False,
}
TRIES = 4
LONGEST_WAIT = 5.0
"""Seconds between tries."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, as read and as it came."""

    reply: Reply
    reader: ReplyReader

    @property
    def text(self) -> str:
        """The first choice's text just as the endpoint sent it."""
        return self.reader.first_text

    @property
    def prompt_tokens(self) -> int | None:
        """As reported; None where nothing was."""
        return None if self.reply.usage.estimated_tokens else self.reply.usage.prompt_tokens


class Asker(Protocol):
    async def __call__(
        self,
        request: Request,
        n: int,
        capabilities: Capabilities | None,
        *,
        stream: bool,
        received: Received,
    ) -> tuple[Reply, ReplyReader]: ...


async def probe(
    ask: Asker, listed: Sequence[dict[str, Any]], settings: OpenAISettings, address: str
) -> tuple[Capabilities, Usage]:
    """The endpoint's capabilities, and what the asking cost.

    `listed` is what the endpoint lists as its models. A refusal of one feature is an answer;
    EndpointError means that the endpoint cannot be used at all.
    """
    prober = _Prober(ask, address, settings.timeouts.first_token)
    try:
        plain = await prober.first()
    except CallError as error:
        raise unusable(error, listed, settings, address) from None
    found = await asyncio.gather(
        prober.several(plain),
        prober.continuing() if settings.api == "chat" else _raw(),
        prober.stopping(plain),
        prober.logprobs(),
        prober.schema(plain),
        prober.streaming(),
    )
    several, continuing, stopping, logprobs, schema, streams = found
    capabilities = Capabilities(
        **several,
        **continuing,
        **stopping,
        logprobs=logprobs,
        json_schema=schema,
        streams=streams,
        context=_context(listed, settings.name),
        notes=(*prober.notes, *_name_notes(listed, settings.name)),
    )
    return capabilities, total(prober.usages)


def unusable(
    error: CallError, listed: Sequence[dict[str, Any]], settings: OpenAISettings, address: str
) -> EndpointError:
    """The plain sentence, with the mend, for an endpoint that gives no reply at all."""
    if isinstance(error, KeyRejected):
        return EndpointError(f"{error}: set the right key in OPENAI_API_KEY or in api_key_env")
    if isinstance(error, TransientCallError) and not error.answered:
        return EndpointError(f"{error}: start the server, or mend base_url")
    names = [str(entry["id"]) for entry in listed if "id" in entry]
    if isinstance(error, PermanentCallError) and names and settings.name not in names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        return EndpointError(
            f"{address} knows no model {settings.name!r}: it lists {shown} ({error})"
        )
    return EndpointError(str(error))


class _Prober:
    """Asks, and keeps what it cost and what could not be found out."""

    def __init__(self, ask: Asker, address: str, patience: float) -> None:
        self._ask = ask
        self._address = address
        self._patience = patience
        self._temperature = 0.0
        self.usages: list[Usage] = []
        self.notes: list[str] = []

    async def first(self) -> Answered:
        """The plain reply that others are compared with; greedy, unless the model refuses that."""
        try:
            return await self.try_hard(self._question(4))
        except PermanentCallError as error:
            if "temperature" not in str(error):
                raise
            self._temperature = 1.0
            return await self.try_hard(self._question(4))

    async def try_hard(
        self,
        request: Request,
        n: int = 1,
        capabilities: Capabilities | None = None,
        *,
        stream: bool = False,
    ) -> Answered:
        """Ask, and ask again after a passing fault."""
        for attempt in range(1, TRIES + 1):
            try:
                async with asyncio.timeout(self._patience):
                    reply, reader = await self._ask(
                        request, n, capabilities, stream=stream, received=Received()
                    )
            except TimeoutError:
                if attempt == TRIES:
                    words = f"{self._address} gave no token within {self._patience:g} s"
                    raise TransientCallError(words) from None
            except TransientCallError as error:
                if attempt == TRIES or not error.answered or WEB_PAGE in str(error):
                    raise
                wait = error.retry_after if error.retry_after is not None else 0.2 * 2**attempt
                await asyncio.sleep(min(wait, LONGEST_WAIT))
            else:
                self.usages.append(reply.usage)
                return Answered(reply, reader)
        raise AssertionError("unreachable")

    async def maybe(
        self,
        what: str,
        request: Request,
        n: int = 1,
        capabilities: Capabilities | None = None,
        *,
        stream: bool = False,
    ) -> Answered | None:
        """Ask for a feature; None where it is refused, with a note where that is not certain."""
        try:
            return await self.try_hard(request, n, capabilities, stream=stream)
        except PermanentCallError:
            return None
        except CallError as error:
            self.notes.append(f"{what} could not be found out: {error}")
            return None

    async def several(self, plain: Answered) -> dict[str, Any]:
        """Is `n` honoured, and what does usage count? Each choice is one token long."""
        usage: Literal["summed", "one_choice", "absent"] = "summed"
        request = replace(self._question(1), temperature=1.0)
        answered = await self.maybe("n", request, 2)
        honoured = answered is not None and len(answered.reply.completions) == 2
        if plain.prompt_tokens is None:
            usage = "absent"
        elif answered and honoured and answered.reply.usage.completion_tokens == 1:
            usage = "one_choice"
            self.usages.append(Usage(completion_tokens=1, estimated_tokens=1))
        return {"n": honoured, "usage": usage}

    async def continuing(self) -> dict[str, Any]:
        """How is a partial answer carried on?

        A prefix that comes back proves it. Otherwise tokens tell: a prompt that carries on lacks
        the marks that end one turn and open the next, so it is no longer than one with the same
        words inside the user's turn, and shorter than one that does open another.
        """
        request = replace(self._question(1), continues=PREFIX)
        trailing, flagged, inside = await asyncio.gather(
            self.maybe("continuing", request, 1, Capabilities(continues="trailing")),
            self.maybe("continuing", request, 1, Capabilities(continues="flag")),
            self.maybe("continuing", self._question(1, f"{QUESTION} {PREFIX}")),
        )
        opened, most = _prompt_tokens(trailing), _prompt_tokens(inside)
        way: Literal["trailing", "flag", "no"] = "no"
        if _echoes(trailing) or 0 < opened <= most:
            way = "trailing"
        elif _echoes(flagged) or 0 < _prompt_tokens(flagged) <= max(most, opened - 1):
            way = "flag"
        echoes = _echoes(trailing if way == "trailing" else flagged)
        return {"continues": way, "echoes_prefix": way != "no" and echoes}

    async def stopping(self, plain: Answered) -> dict[str, Any]:
        """Is the stop string cut off, and named? A piece of the greedy reply is the stop."""
        stop = plain.text.strip()[-3:]
        if not stop:
            return {}
        answered = await self.maybe("stop", replace(self._question(4), stop=(stop,)))
        if answered is None:
            return {}
        return {
            "trims_stop": stop not in answered.text,
            "names_stop": answered.reader.names_stop,
        }

    async def logprobs(self) -> bool:
        request = replace(self._question(1), logprobs=1)
        answered = await self.maybe("logprobs", request)
        return answered is not None and answered.reply.completions[0].logprobs is not None

    async def schema(self, plain: Answered) -> bool:
        """Constrained output opens with a brace where free output did not."""
        request = replace(self._question(4), json_schema=SCHEMA)
        answered = await self.maybe("json_schema", request)
        if answered is None or plain.text.lstrip().startswith("{"):
            return False
        return answered.text.lstrip().startswith("{")

    async def streaming(self) -> bool:
        answered = await self.maybe("streaming", self._question(4), stream=True)
        return answered is not None and answered.reader.streamed

    def _question(self, max_tokens: int, text: str = QUESTION) -> Request:
        return Request((Message("user", text),), max_tokens, self._temperature)


async def _raw() -> dict[str, Any]:
    return {"continues": "raw"}


def _prompt_tokens(answered: Answered | None) -> int:
    return 0 if answered is None else answered.prompt_tokens or 0


def _echoes(answered: Answered | None) -> bool:
    return answered is not None and answered.text.startswith(PREFIX)


def _context(listed: Sequence[dict[str, Any]], name: str) -> int | None:
    """The model's context in tokens, where the list of models tells it."""
    for entry in listed:
        if entry.get("id") == name or len(listed) == 1:
            meta = entry.get("meta")
            told = {**meta, **entry} if isinstance(meta, dict) else entry
            for key in ("max_model_len", "context_length", "max_context_length", "n_ctx"):
                if isinstance(told.get(key), int):
                    return int(told[key])
    return None


def _name_notes(listed: Sequence[dict[str, Any]], name: str) -> tuple[str, ...]:
    names = [str(entry["id"]) for entry in listed if "id" in entry]
    if not names or name in names:
        return ()
    return (f"the endpoint answers to {name!r} though it lists {', '.join(names[:5])}",)
