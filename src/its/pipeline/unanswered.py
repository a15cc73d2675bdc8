"""Why a problem has no answer, as far as its completions show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def why_unanswered(events: Sequence[Mapping[str, Any]]) -> str | None:
    """The reason, with its fix, where completions were cut short, eaten by thinking, in a loop or
    refused; None where they only hold no answer."""
    completions = [
        completion
        for event in events
        if event["event"] == "call"
        for completion in event.get("completions") or ()
    ]
    limits = [
        int(event["request"]["max_tokens"])
        for event in events
        if event["event"] == "call" and "max_tokens" in event.get("request", {})
    ]
    eaten = [c for c in completions if c["finish"] == "length" and not c["text"].strip()]
    cut = [c for c in completions if c["finish"] == "length" and c["text"].strip()]
    looped = [c for c in completions if c["finish"] == "loop"]
    refused = [c for c in completions if c["finish"] == "filtered"]
    silent = [c for c in completions if not c["text"].strip() and c["finish"] not in _TOLD]
    limit = max(limits, default=0)
    reasons = []
    if eaten:
        reasons.append(
            f"thinking used up all of max_tokens ({limit:,}) in {_of(eaten, completions)}: raise "
            "model.max_tokens, or set model.reasoning"
        )
    if cut:
        reasons.append(
            f"max_tokens ({limit:,}) cut {_of(cut, completions)} short: raise model.max_tokens"
        )
    if looped:
        reasons.append(
            f"the model repeated itself in {_of(looped, completions)}: raise model.temperature, or "
            "take a larger model"
        )
    if refused:
        reasons.append(f"the model or the endpoint's filter refused {_of(refused, completions)}")
    if silent:
        reasons.append(f"{_of(silent, completions)} came back empty")
    return "; ".join(reasons) or None


_TOLD = frozenset({"length", "filtered", "cut", "loop"})


def _of(some: Sequence[object], all_: Sequence[object]) -> str:
    number = f"{len(some):,} of {len(all_):,}" if len(all_) > 1 else "the"
    return f"{number} completion{'s' if len(all_) > 1 else ''}"
