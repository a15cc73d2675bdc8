"""A served reward model as a `Model`: a call sends replies, its completion is their scores."""

from __future__ import annotations

from time import monotonic
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson

from its.errors import CallError, EndpointError
from its.models.openai.asking import unrecorded, unusable
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode, encode
from its.models.openai.settings import OpenAISettings
from its.models.openai.tokens import CONVERSATION_TOKENS, TURN_TOKENS, estimate
from its.models.openai.transport import Transport
from its.models.openai.words import is_error
from its.models.protocol import (
    Capabilities,
    Completion,
    Heard,
    ProbeRecorder,
    Received,
    Reply,
    Request,
)
from its.problems.problem import Message
from its.rewards.served.adapter import Adapter, Texts, scores_in
from its.rewards.served.form import Form
from its.usage import Usage

PROBED = Request(
    (Message("user", "What is 1 + 1?"),), 1, temperature=0.0, replies=(("1 + 1 = 2.",),)
)
"""What a probe has scored."""


class ServedReward:
    """Asks one reward model through one API. The text of a completion is a JSON list with the
    server's own numbers for every reply; `scores_in` reads it."""

    def __init__(self, settings: OpenAISettings, adapter: Adapter, form: Form) -> None:
        self.name = settings.name
        self.capabilities = settings.capabilities
        self._settings = settings
        self._adapter = adapter
        self._form = form
        self._faults = Faults(settings)
        self._transport = Transport(settings, self._faults)

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        texts = Texts(self.name, request.messages[-1].content, request.replies)
        body = self._adapter.build(texts, self._form) | dict(self._settings.extra_body)
        reader, started = _WholeReply(self._faults), monotonic()
        await self._transport.post(encode(body), reader, received, stream=False)
        tokens = self._adapter.tokens(reader.value)
        usage = self._usage(request, tokens, monotonic() - started)
        received.usage = usage
        try:
            values = self._adapter.read(reader.value, texts, self._form)
        except ValueError as error:
            what = f"answered with {error}: is the reward's `api` right?"
            raise self._faults.garbled(b"", what) from None
        return Reply((Completion(orjson.dumps(values).decode(), "end", 0),), usage)

    def _usage(self, request: Request, tokens: int | None, seconds: float) -> Usage:
        """Tokens as reported, else an estimate, marked as one."""
        guess = 0
        if tokens is None:
            (question,) = (estimate(turn.content) for turn in request.messages[-1:])
            replies = sum(estimate(step) for reply in request.replies for step in reply)
            guess = question * request.answers + replies
        return Usage(
            calls=1,
            completions=request.answers,
            prompt_tokens=guess if tokens is None else tokens,
            completion_tokens=self._adapter.completion,
            flops=None,
            seconds=seconds,
            estimated_tokens=guess,
        )

    async def probe(self) -> tuple[Capabilities, Usage]:
        return await self.probe_by(unrecorded)

    async def probe_by(self, record: ProbeRecorder) -> tuple[Capabilities, Usage]:
        """Have one reply scored. Raises EndpointError where no score comes back."""
        try:
            heard = await record("score", PROBED, self._hear)
        except CallError as error:
            raise unusable(error, [], self._settings, self._faults.address) from None
        if not any(value is not None for values in scores_in(heard.text) for value in values):
            raise EndpointError(
                f"{self._faults.address} answered without a score: does it serve {self.name!r} as "
                "a reward model, and is the reward's `api` right?"
            )
        note = f"scores replies through {self._adapter.name}, one number a "
        note += "step" if self._form.scores == "steps" else "reply"
        self.capabilities = Capabilities(streams=False, notes=(note,))
        return self.capabilities, heard.usage

    async def _hear(self, received: Received) -> Heard:
        reply = await self.complete(PROBED, received=received)
        reported = not reply.usage.estimated_tokens
        return Heard(
            reply.completions[0].text,
            1,
            reply.usage,
            reported,
            logprobs=False,
            names_stop=False,
            streamed=False,
            finished=True,
            thinks=False,
        )

    def know(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def prompt_bound(self, request: Request) -> int:
        """No tokenizer makes more tokens than a text has bytes."""
        form = self._form
        fixed = len((form.system + form.template).encode()) + CONVERSATION_TOKENS
        question = sum(len(turn.content.encode("utf-8", "replace")) for turn in request.messages)
        around = TURN_TOKENS + len((form.step_separator + form.step_end).encode())
        return sum(
            fixed + question + sum(len(s.encode("utf-8", "replace")) + around for s in reply)
            for reply in request.replies
        )

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        await self._transport.close()


def root_of(base_url: str) -> str:
    """A server's root: the address without the /v1 that OpenAI clients are given; one that cannot
    be taken apart stays, and is refused with a word where it is used."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return base_url
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix("/v1")))


class _WholeReply:
    """Reads a response that comes in one piece."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self.value: Any = None
        self.begun = self.done = False

    def read_whole(self, body: bytes) -> None:
        try:
            self.value = decode(body)
        except ValueError:
            raise self._faults.garbled(body, "answered with garbled JSON") from None
        if isinstance(self.value, dict) and is_error(self.value):
            raise self._faults.reported(self.value, begun=False)
        self.done = True

    def feed(self, data: bytes) -> None:
        raise self._faults.garbled(data, "answered with a stream, not with scores")

    def finish(self) -> None:
        """Only a stream has an end of its own."""
