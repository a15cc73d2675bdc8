"""On what terms an endpoint takes requests, learned from what it refuses and says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from its.errors import PermanentCallError, PromptTooLong, Unsupported
from its.models.protocol import Capabilities

LEAVABLE = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "top_logprobs": "logprobs",
    "logprobs": "logprobs",
    "stream_options": "stream_options",
    "response_format": "json_schema",
}
"""Fields of a request that can be left out, by the name under which that is remembered."""
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "max_new_tokens")
MOST_TOKENS = 32_768
LEAST_TEMPERATURE = 0.01
REASONING_LEAST = 16
"""The smallest token limit that the hosted reasoning models take."""
_REASONING = frozenset({"stop", "logprobs"})
REASONING_TERMS = Capabilities(
    limit_name="max_completion_tokens",
    least_tokens=REASONING_LEAST,
    refuses=("logprobs", "stop", "temperature"),
)
"""What the hosted reasoning models are known to take, before they are asked."""
_IN_RANGE = re.compile(
    r"positive|between|range|greater than|less than|at most|at least|[<>]=? ?\d|\(0", re.IGNORECASE
)
LimitName = Literal["max_tokens", "max_completion_tokens"]
_REFUSES = re.compile(
    r"unsupported|not support|n.t support|unknown|unrecogni[sz]ed|unexpected|not permitted"
    r"|extra (inputs|fields)|must be|only|invalid|deprecated|cannot|can.t|not allowed"
    r"|not available|unavailable|disabled|not compatible|incompatible|no longer|does not accept"
    r"|not accept|should be|default",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"(?:at least|minimum(?: value)?(?: (?:of|is))?|>=|greater than or equal to|no less than"
    r"|not (?:be )?(?:less|smaller) than)\D{0,12}(\d+)|(?:minimum|at least)\D{0,60}?(\d+)",
    re.IGNORECASE,
)
_MORE_THAN = re.compile(r"(?:greater|more|larger|higher) than (\d+)|> ?(\d+)", re.IGNORECASE)
_USED_UP = re.compile(
    r"(could not|couldn.t|unable to) finish|output limit was reached"
    r"|(exceed|greater than|larger than|more than)\W.{0,40}(thinking|budget|reasoning)"
    r"|budget_tokens|too (small|low)",
    re.IGNORECASE,
)
_ONE_OF_TWO = re.compile(
    r"both|together|at the same time|simultaneously|either|only one", re.IGNORECASE
)
_FIXED = re.compile(r"(?:must be|only|default)(?:[^\d.]{0,40}?)(\d+(?:\.\d+)?)\b", re.IGNORECASE)
_ONLY_STREAMS = re.compile(
    r"(only|must|required?|need|enable|set)\W.{0,60}\bstream|\bstream\w*\W.{0,60}"
    r"(must be (set to )?true|required|only|enable|true)",
    re.IGNORECASE | re.DOTALL,
)


def learned(
    known: Capabilities, error: BaseException, sent: Mapping[str, Any], *, probing: bool
) -> Capabilities | None:
    """The capabilities under which the same request may pass, None where the refusal is no
    question of terms. `sent` is the body that was refused.

    While probing, a token limit that thinking used up is raised; a real request's limit is the
    user's word.
    """
    if not isinstance(error, PermanentCallError) or isinstance(error, (PromptTooLong, Unsupported)):
        return None
    if error.status not in (400, 403, 404, 405, 422, 501, 200):
        return None
    said = f"{error} {error.details}"
    return (
        _stream(known, error, said, sent)
        or _limit(known, error, said, sent, probing)
        or _without(known, error, said, sent)
    )


def _stream(
    known: Capabilities, error: PermanentCallError, said: str, sent: Mapping[str, Any]
) -> Capabilities | None:
    about = error.param == "stream" or re.search(r"\bstream(ing|ed)?\b", said, re.IGNORECASE)
    if not about or "stream_options" in f"{error.param} {said}":
        return None
    if not sent.get("stream"):
        if _ONLY_STREAMS.search(said) and not known.only_streams:
            return replace(known, only_streams=True, streams=True)
    elif known.streams and not known.only_streams and _REFUSES.search(said):
        return replace(known, streams=False)
    return None


def _limit(
    known: Capabilities,
    error: PermanentCallError,
    said: str,
    sent: Mapping[str, Any],
    probing: bool,
) -> Capabilities | None:
    """The token limit's name, and how small it may be."""
    name = known.limit_name
    if name not in sent:
        return None
    other: LimitName = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
    least = _least(said)
    if least is None and _names(other, error, said) and _names(name, error, said):
        return replace(known, limit_name=other)
    asked = int(sent[name])
    about = any(_names(limit, error, said) for limit in LIMITS) or "output token" in said
    if about and least is not None and asked < least <= MOST_TOKENS:
        return replace(known, least_tokens=least)
    if probing and _USED_UP.search(said) and asked < MOST_TOKENS:
        return replace(known, least_tokens=min(MOST_TOKENS, max(64, 4 * asked)))
    return None


def _without(
    known: Capabilities, error: PermanentCallError, said: str, sent: Mapping[str, Any]
) -> Capabilities | None:
    """The one parameter that the endpoint does not take."""
    if not (_REFUSES.search(said) or error.param in LEAVABLE):
        return None
    refused = [
        remembered
        for field, remembered in LEAVABLE.items()
        if field in sent and remembered not in known.refuses and _names(field, error, said)
    ]
    if "json_schema" in said and "response_format" in sent and "json_schema" not in known.refuses:
        refused.append("json_schema")
    if "temperature" in refused and _IN_RANGE.search(said):
        if sent["temperature"] == 0 and known.least_temperature == 0:
            return replace(known, least_temperature=LEAST_TEMPERATURE)
        refused.remove("temperature")
    if not refused:
        return None
    if error.param:
        blamed = [LEAVABLE[error.param]] if error.param in LEAVABLE else []
        refused = [name for name in blamed if name in refused] or refused
    if {"temperature", "top_p"} <= set(refused) and _ONE_OF_TWO.search(said):
        refused = ["top_p"]
    name = refused[0]
    together = _REASONING if is_reasoning(known) and name in _REASONING else {name}
    found = replace(known, refuses=tuple(sorted({*known.refuses, *together})))
    if is_reasoning(found):
        found = replace(found, least_tokens=max(found.least_tokens, REASONING_LEAST))
    if name == "temperature":
        fixed = _FIXED.search(said)
        return replace(found, temperature=None if fixed is None else float(fixed[1]))
    return replace(found, logprobs=False) if "logprobs" in found.refuses else found


def is_reasoning(known: Capabilities) -> bool:
    """Whether the terms are those of the hosted reasoning models, which rename the limit and fix
    the temperature; they take no stop strings and give no log-probabilities either, so that one
    refusal stands for both."""
    return known.limit_name == "max_completion_tokens" and "temperature" in known.refuses


def _least(said: str) -> int | None:
    found = _LEAST.search(said)
    if found is not None:
        return int(found[1] or found[2])
    more = _MORE_THAN.search(said)
    return None if more is None else int(more[1] or more[2]) + 1


def _names(field: str, error: PermanentCallError, said: str) -> bool:
    """Whether a refusal speaks of a field: a word such as "stop" only where it is quoted, set or
    called a parameter."""
    if error.param == field or error.param.endswith(f".{field}"):
        return True
    if "_" in field or field in ("temperature", "logprobs"):
        return bool(re.search(rf"(?<![\w]){field}(?![\w])", said))
    return bool(
        re.search(
            rf"[\"'`]{field}[\"'`]|\b{field}\b\s*[:=]|parameters?:?\s+{field}\b"
            rf"|\b{field}\b\s+(parameter|is not|are not|sequences? (is|are) not|not)",
            said,
        )
    )
