"""From a request to the JSON body that asks it."""

from __future__ import annotations

import math
from typing import Any

from its.errors import PermanentCallError, Unsupported
from its.models.openai.json_text import check_finite, encode
from its.models.openai.settings import OpenAISettings, TurnTemplate
from its.models.protocol import Capabilities, Request
from its.problems.problem import Message


def request_body(
    request: Request,
    n: int,
    settings: OpenAISettings,
    capabilities: Capabilities | None,
    *,
    stream: bool,
    dialect: frozenset[str] = frozenset(),
) -> bytes:
    """The body that asks for `n` completions of `request`, and nothing that was not asked for.

    `capabilities` is None before a probe: then everything is tried. `dialect` names fields that
    this endpoint is known to want otherwise, or not at all. Raises Unsupported for what the
    endpoint cannot do.
    """
    if not (math.isfinite(request.temperature) and math.isfinite(request.top_p)):
        raise PermanentCallError("temperature and top_p must be finite numbers")
    limit = "max_completion_tokens" if "max_completion_tokens" in dialect else "max_tokens"
    body: dict[str, Any] = {
        "model": settings.name,
        **_prompt(request, settings, capabilities),
        limit: request.max_tokens,
        "temperature": request.temperature,
    }
    if request.top_p != 1.0:
        body["top_p"] = request.top_p
    if n > 1:
        body["n"] = n
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None and "seed" not in dialect:
        body["seed"] = request.seed
    if request.logprobs is not None:
        body.update(_logprobs(request.logprobs, settings, capabilities))
    if request.json_schema is not None and (capabilities is None or capabilities.json_schema):
        check_finite(request.json_schema, "json_schema")
        schema = {"name": "reply", "strict": True, "schema": request.json_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if stream:
        body["stream"] = True
        if "stream_options" not in dialect:
            body["stream_options"] = {"include_usage": True}
    body.update(settings.extra_body)
    return encode(body)


def raw_prompt(messages: tuple[Message, ...], continues: str, template: TurnTemplate) -> str:
    """A conversation as one text that ends where the model is to write on."""
    turns = {"system": template.system, "user": template.user, "assistant": template.assistant}
    said = [turns[message.role].replace("{content}", message.content) for message in messages]
    return "".join(said) + template.reply + continues


def _prompt(
    request: Request, settings: OpenAISettings, capabilities: Capabilities | None
) -> dict[str, Any]:
    if settings.api == "completions":
        return {"prompt": raw_prompt(request.messages, request.continues, settings.template)}
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    if not request.continues:
        return {"messages": messages}
    way = "no" if capabilities is None else capabilities.continues
    if way not in ("trailing", "flag"):
        raise Unsupported("this endpoint does not continue a partial answer")
    messages.append({"role": "assistant", "content": request.continues})
    if way == "trailing":
        return {"messages": messages}
    return {
        "messages": messages,
        "continue_final_message": True,
        "add_generation_prompt": False,
    }


def _logprobs(
    alternatives: int, settings: OpenAISettings, capabilities: Capabilities | None
) -> dict[str, Any]:
    """At least one alternative is asked for: some servers take 0 for "no logprobs at all"."""
    if capabilities is not None and not capabilities.logprobs:
        raise Unsupported("this endpoint gives no logprobs")
    if settings.api == "completions":
        return {"logprobs": max(1, alternatives)}
    return {"logprobs": True, "top_logprobs": max(1, alternatives)}
