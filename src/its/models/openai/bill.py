"""What a reply cost, from what the endpoint reports: read in every spelling, checked, corrected."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

MOST = 10**9
"""Tokens; a larger count is no count."""
BYTES_OF_A_TOKEN = 32
"""More bytes than this for each reported token, and the report left something out."""
_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount")
_COMPLETION = ("completion_tokens", "output_tokens", "candidatesTokenCount")
_TOTAL = ("total_tokens", "totalTokenCount")
_CACHED = (
    "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens", "num_cached_tokens",
    "cached_prompt_tokens", "cachedContentTokenCount",
)  # fmt: skip
_REASONING = ("reasoning_tokens", "thinking_tokens", "thoughts_tokens", "thoughtsTokenCount")
_PROMPT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_COMPLETION_DETAILS = ("completion_tokens_details", "output_tokens_details")
_ANY_DETAIL = frozenset((*_CACHED, *_REASONING, *_PROMPT_DETAILS, *_COMPLETION_DETAILS))


class Report(NamedTuple):
    """One account of tokens as the endpoint gave it; None where it said nothing usable."""

    prompt: int | None = None
    completion: int | None = None
    total: int | None = None
    cached: int = 0
    reasoning: int = 0


class ReportedUsage(NamedTuple):
    """Tokens of a whole reply. `reasoning` and `cached` lie within completion and prompt;
    `estimated` is the part that the endpoint did not report."""

    prompt: int
    cached: int
    completion: int
    reasoning: int
    estimated: int


def read_report(usage: Mapping[str, Any]) -> Report:
    prompt = _first(usage, _PROMPT)
    if prompt is None:
        hit, miss = (count(usage.get(f"prompt_cache_{what}_tokens")) for what in ("hit", "miss"))
        prompt = hit + miss if hit is not None and miss is not None else None
    completion, whole = _first(usage, _COMPLETION), _first(usage, _TOTAL)
    if usage.keys().isdisjoint(_ANY_DETAIL):
        return Report(prompt, completion, whole)
    return Report(
        prompt,
        completion,
        whole,
        _detail(usage, _PROMPT_DETAILS, _CACHED),
        _detail(usage, _COMPLETION_DETAILS, _REASONING),
    )


def join(reports: Sequence[Report], counted: int) -> Report:
    """Several accounts at the end of one stream: one for each choice, which add up (they share
    the prompt), or the same one again. What was counted in the stream decides."""
    last = reports[-1]
    if len(reports) == 1:
        return last
    added = sum(report.completion or 0 for report in reports)
    if abs(added - counted) > abs((last.completion or 0) - counted):
        return last
    return Report(
        max((report.prompt or 0 for report in reports), default=0) or None,
        added or None,
        None,
        max(report.cached for report in reports),
        sum(report.reasoning for report in reports),
    )


def bill_of(
    report: Report | None,
    *,
    prompt_estimate: Callable[[], int],
    counted: int,
    left_out: int,
    seen_bytes: int,
    thinking: int,
) -> ReportedUsage:
    """Check an account's total against its parts, and complete what is missing.

    `counted` are tokens as counted in the reply, `left_out` those of choices that the account
    does not cover, `seen_bytes` the size of all text that came, `thinking` an estimate of the
    tokens of its reasoning.
    """
    report = report or Report()
    prompt, completion, reasoning = report.prompt, report.completion, report.reasoning
    if report.total is not None:
        if not prompt and completion and report.total > completion:
            prompt = report.total - completion
        elif not completion and prompt and report.total > prompt:
            completion = report.total - prompt
        elif prompt and completion and report.total > prompt + completion:
            completion = report.total - prompt  # the reasoning was counted beside the answer
    if completion and reasoning > completion:
        completion += reasoning
    estimated = 0
    if not prompt:
        prompt = estimated = prompt_estimate()
    if not completion:
        completion = counted
        estimated += counted
    else:
        if seen_bytes > BYTES_OF_A_TOKEN * (completion + left_out) and counted > completion:
            left_out = counted - completion
        completion += left_out
        estimated += left_out
    return ReportedUsage(
        prompt,
        min(report.cached, prompt),
        completion,
        min(reasoning or thinking, completion),
        estimated,
    )


def count(value: Any) -> int | None:
    """A number of tokens; None for what cannot be one."""
    if type(value) is int:
        return value if 0 <= value <= MOST else None
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= MOST else None


def _first(usage: Mapping[str, Any], names: Sequence[str]) -> int | None:
    for name in names:
        if (found := count(usage.get(name))) is not None:
            return found
    return None


def _detail(usage: Mapping[str, Any], groups: Sequence[str], names: Sequence[str]) -> int:
    most = _first(usage, names) or 0
    for group in groups:
        details = usage.get(group)
        if isinstance(details, dict):
            most = max(most, _first(details, names) or 0)
    return most
