"""The lines of a batch file: one request each, in the form that a provider takes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Literal

import orjson

from its.models.known import known_model
from its.models.openai.backend import with_reasoning
from its.models.openai.body import request_body
from its.models.openai.settings import OpenAISettings
from its.models.openai.terms import REASONING_TERMS
from its.models.openai.tokens import estimate, prompt_bound
from its.models.protocol import Capabilities, Completion, Received, Reply, Request
from its.models.settings import ModelSettings
from its.usage import Usage

Form = Literal["openai", "anthropic"]
ALONE = Capabilities(n=False, streams=False, finishes=False)
"""Of a batch: one sample a line, and nothing that needs to ask first."""
_NO_ADDRESS = "http://batch.invalid/v1"


class Collector:
    """Takes a model's place and writes down what it is asked; every reply is empty."""

    capabilities: Capabilities | None = ALONE

    def __init__(self, settings: ModelSettings, form: Form) -> None:
        self.name = settings.name
        self.parameters: int | None = None
        self.lines: dict[str, bytes] = {}
        self._settings = endpoint_settings(settings)
        self._terms = _terms(settings.name)
        self._form = form

    async def probe(self) -> tuple[Capabilities, Usage]:
        return ALONE, Usage()

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        name = name_of(self.name, request)
        body = request_body(request, 1, self._settings, ALONE, stream=False, terms=self._terms)
        line = _openai(name, body) if self._form == "openai" else _anthropic(name, body)
        self.lines[name] = orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        return Reply((Completion("", "end"),), Usage(calls=1, completions=1, completion_tokens=0))

    def prompt_bound(self, request: Request) -> int:
        return prompt_bound(request)

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        return None


def name_of(model: str, request: Request) -> str:
    """What a request is called in the files: the same content, the same name."""
    content = orjson.dumps([model, request.as_dict(), request.draw])
    return f"its-{blake2b(content, digest_size=16).hexdigest()}"


def endpoint_settings(settings: ModelSettings) -> OpenAISettings:
    return OpenAISettings(
        name=settings.name,
        base_url=_NO_ADDRESS,
        top_p=settings.top_p,
        extra_body=with_reasoning(settings),
    )


def _terms(name: str) -> Capabilities:
    known = known_model(name)
    return REASONING_TERMS if known is not None and known.reasoning else ALONE


def _openai(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def _anthropic(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the words of message batches: system turns apart, no seed,
    and a temperature up to 1."""
    said = body["messages"]
    system = "\n\n".join(turn["content"] for turn in said if turn["role"] == "system")
    own = {"messages", "max_completion_tokens", "temperature", "stop", "seed"}
    params: dict[str, Any] = {
        **{key: value for key, value in body.items() if key not in own},
        "max_tokens": body.get("max_tokens") or body["max_completion_tokens"],
        "messages": [turn for turn in said if turn["role"] != "system"],
    }
    if system:
        params["system"] = system
    if "temperature" in body:
        params["temperature"] = min(1.0, body["temperature"])
    if body.get("stop"):
        params["stop_sequences"] = body["stop"]
    return {"custom_id": name, "params": params}
