"""A process reward model that writes its verdict as a token, read by its probability.

Source: https://github.com/RLHFlow/RLHF-Reward-Modeling/blob/main/math-rm/prm_evaluate.py
(`select_sample`): every step is a user's turn (the first one behind the question and a space),
every verdict the assistant's "+", and the score of a step is the softmax of "+" over "+" and "-"
where the verdict is to be written. Any server that gives the log-probabilities of alternatives
through chat/completions can serve it; one call scores one step.
"""

from __future__ import annotations

import math
from typing import Any

from its.rewards.served.adapter import Adapter, Texts, Values, number
from its.rewards.served.form import Form

_ALTERNATIVES = 20


def _build(texts: Texts, form: Form) -> dict[str, Any]:
    (steps,) = texts.replies
    turns = [{"role": "system", "content": form.system}] if form.system else []
    for place, step in enumerate(steps):
        if place:
            turns.append({"role": "assistant", "content": form.good})
        turns.append({"role": "user", "content": step if place else f"{texts.question} {step}"})
    return {
        "model": texts.model,
        "messages": turns,
        "max_tokens": 1,
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": _ALTERNATIVES,
    }


def _read(data: Any, texts: Texts, form: Form) -> list[Values]:
    try:
        first = data["choices"][0]["logprobs"]["content"][0]
        told = [(str(each["token"]).strip(), each["logprob"]) for each in first["top_logprobs"]]
    except (TypeError, KeyError, IndexError):
        raise ValueError("a reply without the log-probabilities of alternatives") from None
    return [[_share(told, form)]]


def _share(told: list[tuple[str, Any]], form: Form) -> float | None:
    """The good token's probability among the two; None where neither is among the alternatives.
    One that is missing is at most as likely as the least likely that came, and counts as that."""
    logprobs = [(token, value) for token, raw in told if (value := number(raw)) is not None]
    good = [value for token, value in logprobs if token == form.good]
    bad = [value for token, value in logprobs if token == form.bad]
    if not (good or bad):
        return None
    least = min(value for _, value in logprobs)
    above = max(bad, default=least) - max(good, default=least)
    return 1 / (1 + math.exp(min(above, 700.0)))


CHAT_TOKENS = Adapter(
    "chat_tokens",
    "v1/chat/completions",
    _build,
    _read,
    together=lambda form: False,
    steps=True,
    last_step=True,
    probability=True,
    completion=1,
)
