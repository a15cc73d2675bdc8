"""What a question is answered with, in a dialect: the plan of a reply, then its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.servers.dialect import Dialect
from tests.servers.script import Ask, Script, count_tokens, draw, pieces

TURN = 4
"""Tokens that the chat template of these servers adds to a turn."""


@dataclass(slots=True)
class Choice:
    text: str
    finish: str
    stop: str | None
    tokens: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """A reply before it is sent. `prefix` is a continued text that whole replies echo."""

    choices: list[Choice]
    prompt_tokens: int
    cached_tokens: int
    chat: bool
    model: str
    prefix: str
    alternatives: int | None

    @property
    def completion_tokens(self) -> int:
        return sum(len(choice.tokens) for choice in self.choices)


class Refusal(Exception):
    """An answer with a status other than 200."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = orjson.dumps(body)


def plan_reply(
    body: Mapping[str, Any], digest: bytes, dialect: Dialect, script: Script, *, chat: bool
) -> Plan:
    """Decide all that will be said. Raises Refusal where the dialect does not take the request."""
    prompt, prompt_tokens, prefix = _prompt(body, dialect, chat)
    _check_context(prompt_tokens, body, dialect)
    n = int(body.get("n") or 1)
    if n > 1 and dialect.n == "refused":
        raise Refusal(400, {"error": {"message": "n must be 1", "type": "invalid_request_error"}})
    if dialect.limit == "max_completion_tokens" and "max_tokens" in body:
        words = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
        raise Refusal(400, {"error": {"message": words, "type": "invalid_request_error"}})
    if dialect.temperature == "default" and body.get("temperature", 1) != 1:
        words = "Unsupported value: 'temperature' must be 1 with this model."
        raise Refusal(400, {"error": {"message": words, "type": "invalid_request_error"}})
    refused = [field for field in dialect.refuses if field in body]
    if refused:
        words = "Extra inputs are not permitted"
        raise Refusal(422, {"detail": [{"loc": ["body", refused[0]], "msg": words}]})
    choices = [
        _choice(Ask(digest, prompt, body, index), dialect, script)
        for index in range(n if dialect.n == "honoured" else 1)
    ]
    alternatives = None
    if dialect.logprobs != "no" and body.get("logprobs"):
        alternatives = int(body.get("top_logprobs") or 0) if chat else int(body["logprobs"])
    cached = prompt_tokens // 2 if dialect.cached else 0
    model = str(body.get("model"))
    return Plan(choices, prompt_tokens, cached, chat, model, prefix, alternatives)


def whole(plan: Plan, dialect: Dialect) -> bytes:
    """The reply as one JSON text."""
    choices = []
    for index, choice in enumerate(plan.choices):
        said: dict[str, Any] = {"index": index, "finish_reason": choice.finish}
        text = plan.prefix + choice.text if dialect.echoes_prefix else choice.text
        if plan.chat:
            said["message"] = {"role": "assistant", "content": text}
        else:
            said["text"] = text
        if plan.alternatives is not None:
            said["logprobs"] = _logprobs(choice.tokens, plan, dialect)
        if dialect.names_stop:
            said["stop_reason"] = choice.stop
        choices.append(said)
    reply = {**_head(plan, stream=False), "choices": choices}
    if dialect.usage == "summed":
        reply["usage"] = _usage(plan, plan.completion_tokens, dialect)
    elif dialect.usage == "one_choice":
        reply["usage"] = _usage(plan, len(plan.choices[0].tokens), dialect)
    return orjson.dumps(reply)


def stream_events(plan: Plan, dialect: Dialect, usage_wanted: bool) -> list[bytes]:
    """The reply as server-sent events: one a token, then the ends, the usage and the mark."""
    head = _head(plan, stream=True)
    events = []
    length = max(len(choice.tokens) for choice in plan.choices)
    for at in range(length):
        for index, choice in enumerate(plan.choices):
            if at < len(choice.tokens):
                token = choice.tokens[at]
                said: dict[str, Any] = {"index": index, "finish_reason": None}
                said |= {"delta": {"content": token}} if plan.chat else {"text": token}
                if plan.alternatives is not None:
                    said["logprobs"] = _logprobs([token], plan, dialect)
                events.append(_event({**head, "choices": [said]}))
    for index, choice in enumerate(plan.choices):
        said = {"index": index, "finish_reason": choice.finish}
        said["delta" if plan.chat else "text"] = {} if plan.chat else ""
        if dialect.names_stop:
            said["stop_reason"] = choice.stop
        last = {**head, "choices": [said]}
        if dialect.stream_usage == "last" and index == len(plan.choices) - 1:
            last["usage"] = _usage(plan, plan.completion_tokens, dialect)
        events.append(_event(last))
    if usage_wanted and dialect.stream_usage in ("extra", "per_choice"):
        counts = [len(choice.tokens) for choice in plan.choices]
        for count in counts if dialect.stream_usage == "per_choice" else [sum(counts)]:
            usage = _usage(plan, count, dialect)
            events.append(_event({**head, "choices": [], "usage": usage}))
    if dialect.done_mark:
        events.append(b"data: [DONE]\n\n")
    return events


def _prompt(body: Mapping[str, Any], dialect: Dialect, chat: bool) -> tuple[str, int, str]:
    """The prompt's text, its tokens, and the partial answer that it ends in."""
    if not chat:
        prompt = str(body.get("prompt", ""))
        return prompt, count_tokens(prompt), ""
    messages = body["messages"]
    texts = [str(message["content"]) for message in messages]
    tokens = sum(map(count_tokens, texts)) + TURN * len(texts) + TURN // 2
    prefix = ""
    if messages[-1]["role"] == "assistant":
        flagged = body.get("continue_final_message") and not body.get("add_generation_prompt", True)
        if dialect.continues == "trailing" or (dialect.continues == "flag" and flagged):
            prefix = texts[-1]
            tokens -= TURN
    return "\n".join(texts), tokens, prefix


def _check_context(tokens: int, body: Mapping[str, Any], dialect: Dialect) -> None:
    if dialect.context is None or tokens <= dialect.context or dialect.too_long == "accepted":
        return
    words = f"This model's maximum context length is {dialect.context} tokens, not {tokens}."
    error: dict[str, Any] = {"message": words, "code": "context_length_exceeded"}
    if dialect.too_long == "llama_cpp":
        error = {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": tokens,
            "n_ctx": dialect.context,
        }
    elif dialect.too_long == "vllm":
        error = {"message": words, "type": "BadRequestError", "param": "input_tokens", "code": 400}
    raise Refusal(400, {"error": error})


def _choice(ask: Ask, dialect: Dialect, script: Script) -> Choice:
    text = script(ask)
    body = ask.body
    if dialect.json_schema and "response_format" in body:
        text = orjson.dumps({"reply": text}).decode()
    stop = body.get("stop") or []
    found = [(text.find(s), s) for s in ([stop] if isinstance(stop, str) else stop) if s in text]
    limit = int(body.get("max_completion_tokens") or body.get("max_tokens") or 2**20)
    ended_by, finish = None, "stop"
    if found:
        at, ended_by = min(found)
        text = text[:at] if dialect.trims_stop else text[: at + len(ended_by)]
    tokens = pieces(text)
    if len(tokens) > limit:
        tokens, finish, ended_by = tokens[:limit], "length", None
        text = "".join(tokens)
    return Choice(text, finish, ended_by, tokens)


def _logprobs(tokens: list[str], plan: Plan, dialect: Dialect) -> dict[str, Any]:
    drawn = [-draw(token.encode(), "logprob") for token in tokens]
    tops = [
        [(token, value), *((f"{token}~{k}", value - k) for k in range(1, plan.alternatives or 0))]
        for token, value in zip(tokens, drawn, strict=True)
    ]
    if not plan.chat and dialect.logprobs == "legacy":
        return {
            "tokens": tokens,
            "token_logprobs": drawn,
            "top_logprobs": [dict(top) for top in tops],
            "text_offset": [],
        }
    content = [
        {
            "token": token,
            "logprob": value,
            "bytes": list(token.encode()),
            "top_logprobs": [{"token": other, "logprob": much} for other, much in top],
        }
        for token, value, top in zip(tokens, drawn, tops, strict=True)
    ]
    return {"content": content}


def _head(plan: Plan, *, stream: bool) -> dict[str, Any]:
    kind = "chat.completion" if plan.chat else "text_completion"
    name = f"{kind}.chunk" if stream and plan.chat else kind
    return {"id": "loopback", "object": name, "created": 0, "model": plan.model}


def _usage(plan: Plan, completion_tokens: int, dialect: Dialect) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "prompt_tokens": plan.prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": plan.prompt_tokens + completion_tokens,
    }
    if dialect.cached:
        usage["prompt_tokens_details"] = {"cached_tokens": plan.cached_tokens}
    return usage


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"
