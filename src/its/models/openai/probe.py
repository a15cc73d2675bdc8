"""What an endpoint does, found out by asking it: a few calls of one to four tokens.

Nothing is judged by how well the model answers, only by how replies are built and how many
tokens they report, so that the weakest model gives the same findings as the strongest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from its.errors import CallError
from its.models.openai.asking import Asker, Inquiry, unusable
from its.models.openai.settings import OpenAISettings
from its.models.openai.terms import is_reasoning
from its.models.protocol import Capabilities, Heard, Request
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
FIRST_TOKENS = 16
"""No less than any server takes."""


async def probe(
    asker: Asker, listed: Sequence[dict[str, Any]], settings: OpenAISettings, address: str
) -> tuple[Capabilities, Usage]:
    """The endpoint's capabilities, and what the asking cost.

    `listed` is what the endpoint lists as its models. A refusal of one feature is an answer;
    EndpointError means that the endpoint cannot be used at all.
    """
    inquiry = Inquiry(asker, address, settings)
    prober = _Prober(inquiry, settings)
    try:
        plain = await prober.first()
    except CallError as error:
        raise unusable(error, listed, settings, address) from None
    found = await asyncio.gather(
        prober.several(plain),
        prober.continuing() if settings.api == "chat" else _raw(),
        prober.stopping_and_logprobs(plain),
        prober.schema(plain),
        prober.streaming(),
    )
    several, continuing, stopping, schema, streams = found
    capabilities = Capabilities(
        **several,
        **continuing,
        **stopping,
        json_schema=schema,
        streams=streams,
        finishes=plain.finished,
        thinks=prober.thinks,
        context=_context(listed, settings.name),
        notes=(*inquiry.notes, *_name_notes(listed, settings.name)),
    )
    return capabilities, total(inquiry.usages)


class _Prober:
    """What is asked, and what its answers mean."""

    def __init__(self, inquiry: Inquiry, settings: OpenAISettings) -> None:
        self._inquiry = inquiry
        self._settings = settings
        self.thinks = False

    async def first(self) -> Heard:
        """The plain reply that others are compared with: greedy, unless the model refuses that,
        and with everything that the calls of a run always say."""
        request = replace(self._question(FIRST_TOKENS), top_p=self._settings.top_p)
        plain = await self._inquiry.ask("first", request)
        self.thinks = plain.thinks or bool(plain.usage.reasoning_tokens)
        return plain

    async def several(self, plain: Heard) -> dict[str, Any]:
        """Is `n` honoured, and what does usage count? Each choice is one token long."""
        usage: Literal["summed", "one_choice", "absent"] = "summed"
        request = replace(self._question(1), temperature=1.0)
        answered = await self._inquiry.maybe("n", request, 2)
        honoured = answered is not None and answered.completions == 2
        if not plain.reported:
            usage = "absent"
        elif answered and honoured and answered.usage.completion_tokens == 1:
            usage = "one_choice"
            await self._add_second_choice(answered, request)
        return {"n": honoured, "usage": usage}

    async def _add_second_choice(self, answered: Heard, request: Request) -> None:
        """The token of the choice that the endpoint did not count."""
        second = replace(answered, usage=Usage(completion_tokens=1, estimated_tokens=1))
        await self._inquiry.add("second choice of n", request, second)

    async def continuing(self) -> dict[str, Any]:
        """How is a partial answer carried on?

        A prefix that comes back proves it. Otherwise tokens tell: a prompt that carries on lacks
        the marks that end one turn and open the next, so it is no longer than one with the same
        words inside the user's turn, and shorter than one that does open another.
        """
        request = replace(self._question(1), continues=PREFIX)
        trailing, flagged, inside = await asyncio.gather(
            self._inquiry.maybe("continuing", request, 1, Capabilities(continues="trailing")),
            self._inquiry.maybe("continuing by a flag", request, 1, Capabilities(continues="flag")),
            self._inquiry.maybe("not continuing", self._question(1, f"{QUESTION} {PREFIX}")),
        )
        opened, most = _prompt_tokens(trailing), _prompt_tokens(inside)
        way: Literal["trailing", "flag", "no"] = "no"
        if _echoes(trailing) or 0 < opened <= most:
            way = "trailing"
        elif _echoes(flagged) or 0 < _prompt_tokens(flagged) <= max(most, opened - 1):
            way = "flag"
        echoes = _echoes(trailing if way == "trailing" else flagged)
        return {"continues": way, "echoes_prefix": way != "no" and echoes}

    async def stopping_and_logprobs(self, plain: Heard) -> dict[str, Any]:
        """Is the stop string cut off, and named? A piece of the greedy reply is the stop. And are
        there log-probabilities? An endpoint on a reasoning model's terms is asked for both at
        once: what it refuses of them it refuses together."""
        stop = plain.text.strip()[:6][-3:].strip()
        terms = self._inquiry.terms
        if is_reasoning(terms):
            request = replace(self._question(4), stop=(stop or "seven",), logprobs=1)
            answered = await self._inquiry.maybe("stop and logprobs", request)
            return {"logprobs": answered is not None and answered.logprobs}
        stopping, logprobs = await asyncio.gather(self._stopping(stop), self._logprobs())
        return {**stopping, "logprobs": logprobs}

    async def _stopping(self, stop: str) -> dict[str, Any]:
        if not stop:
            return {}
        answered = await self._inquiry.maybe("stop", replace(self._question(4), stop=(stop,)))
        if answered is None or "stop" in self._inquiry.terms.refuses:
            return {}
        return {"trims_stop": stop not in answered.text, "names_stop": answered.names_stop}

    async def _logprobs(self) -> bool:
        answered = await self._inquiry.maybe("logprobs", replace(self._question(1), logprobs=1))
        return answered is not None and answered.logprobs

    async def schema(self, plain: Heard) -> bool:
        """Constrained output opens with a brace where free output did not."""
        request = replace(self._question(4), json_schema=SCHEMA)
        answered = await self._inquiry.maybe("json_schema", request)
        if answered is None or "json_schema" in self._inquiry.terms.refuses:
            return False
        opening, free = answered.text.lstrip(), plain.text.lstrip()
        if self.thinks and not opening:
            return True  # taken, and its limit went into thinking
        return opening.startswith("{") and not free.startswith("{")

    async def streaming(self) -> bool:
        answered = await self._inquiry.maybe("streaming", self._question(1), stream=True)
        return answered is not None and answered.streamed

    def _question(self, max_tokens: int, text: str = QUESTION) -> Request:
        return Request((Message("user", text),), max_tokens, 0.0, seed=1)


async def _raw() -> dict[str, Any]:
    return {"continues": "raw"}


def _prompt_tokens(answered: Heard | None) -> int:
    """As reported; 0 where nothing was."""
    if answered is None or not answered.reported:
        return 0
    return answered.usage.prompt_tokens or 0


def _echoes(answered: Heard | None) -> bool:
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
