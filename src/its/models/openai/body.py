"""From a request to the body that asks it."""

from __future__ import annotations

import math
from typing import Any

from its.errors import PermanentCallError, Unsupported
from its.models.openai.json_text import check_finite
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
    terms: Capabilities | None = None,
) -> dict[str, Any]:
    """The body that asks for `n` completions of `request`, and nothing that was not asked for.

    `capabilities` is None before a probe: then everything is tried. `terms` say how this endpoint
    wants a request to be written (those of the capabilities, unless given). Raises Unsupported for
    what the endpoint cannot do.
    """
    terms = terms or capabilities or Capabilities()
    refuses = terms.refuses
    if not (math.isfinite(request.temperature) and math.isfinite(request.top_p)):
        raise PermanentCallError("temperature and top_p must be finite numbers")
    body: dict[str, Any] = {
        "model": settings.name,
        **_prompt(request, settings, capabilities),
        terms.limit_name: max(request.max_tokens, terms.least_tokens),
    }
    if "temperature" not in refuses:
        body["temperature"] = max(request.temperature, terms.least_temperature)
    if request.top_p != 1.0 and "top_p" not in refuses:
        body["top_p"] = request.top_p
    if n > 1:
        body["n"] = n
    if request.stop and "stop" not in refuses:
        body["stop"] = list(request.stop)
    if request.seed is not None and "seed" not in refuses:
        body["seed"] = request.seed
    if request.logprobs is not None:
        if "logprobs" in refuses:
            raise Unsupported("this endpoint gives no logprobs")
        body.update(_logprobs(request.logprobs, settings, capabilities))
    wants_schema = request.json_schema is not None and "json_schema" not in refuses
    if wants_schema and (capabilities is None or capabilities.json_schema):
        check_finite(request.json_schema, "json_schema")
        schema = {"name": "reply", "strict": True, "schema": request.json_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if stream:
        body["stream"] = True
        if "stream_options" not in refuses:
            body["stream_options"] = {"include_usage": True}
    body.update(settings.extra_body)
    return body


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
