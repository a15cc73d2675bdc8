"""Completions as the journal and the trace hold them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from its.models.protocol import Completion, TokenLogprob
from its.usage import Usage


def share(usage: Usage, parts: int) -> Usage:
    """One completion's part of a call that delivered several: an even one, prompt included."""

    def part(value: int | None) -> int | None:
        return None if value is None else -(-value // parts)

    return replace(
        usage,
        completions=part(usage.completions) or 1,
        prompt_tokens=part(usage.prompt_tokens),
        completion_tokens=part(usage.completion_tokens),
    )


def completion_data(completion: Completion) -> dict[str, Any]:
    data: dict[str, Any] = {
        "text": completion.text,
        "finish": completion.finish,
        "tokens": completion.tokens,
    }
    if completion.logprobs is not None:
        data["logprobs"] = [[t.token, t.logprob, t.top] for t in completion.logprobs]
    if completion.reasoning:
        data["reasoning"] = completion.reasoning
    if completion.cut:
        data["cut"] = completion.cut
    if completion.least_confidence is not None:
        data["least_confidence"] = completion.least_confidence
    return data


def completion_of(data: dict[str, Any]) -> Completion:
    logprobs = data.get("logprobs")
    return Completion(
        data["text"],
        data["finish"],
        data["tokens"],
        None
        if logprobs is None
        else tuple(
            TokenLogprob(token, logprob, tuple((t, p) for t, p in top))
            for token, logprob, top in logprobs
        ),
        data.get("reasoning", ""),
        data.get("cut", ""),
        data.get("least_confidence"),
    )
