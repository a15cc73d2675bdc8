"""How long an endpoint asks to be left alone, in whatever header or body it says so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

OLDEST_EPOCH = 1e9
"""A larger number of seconds is a point in time."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTH = (
    r"(\d+(?:\.\d+)?)\s*(?:more )?"
    r"(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
)
_PART = re.compile(_LENGTH, re.IGNORECASE)
_TOLD = re.compile(
    r"(?:again|retry|wait|available|reset)\w*\s+(?:\w+\s+){0,3}?(?:in|after|for|at least)?\s*:?\s*"
    rf"(?P<length>(?:{_LENGTH}[\s,]*(?:and\s+)?)+)",
    re.IGNORECASE,
)
_BARE = re.compile(r"retry[-_ ]?after[\"']?\s*[:=]\s*(\d+(?:\.\d+)?)(?![\w.])", re.IGNORECASE)
"""A header's name and its seconds, in the middle of a message."""
_CHINESE = re.compile(r"(\d+(?:\.\d+)?)\s*(秒|分钟|分鐘|小时|小時)钟?\s*(?:之|以)?[后後]")
_CHINESE_UNITS = {"秒": 1.0, "分钟": 60.0, "分鐘": 60.0, "小时": 3600.0, "小時": 3600.0}
_RETRY_AFTER = re.compile(r"^(?:x-)?(?:[a-z]+-)?retry-after(-ms)?$")
_BODY_SECONDS = frozenset(
    {
        "retryafter", "retrydelay", "retryin", "retryafterseconds", "retryinseconds", "resetafter",
        "resetin", "resetinseconds", "waittime", "waitseconds",
    }
)  # fmt: skip
_BODY_MILLISECONDS = frozenset({"retryafterms", "retrydelayms", "retryaftermilliseconds"})
_RESET = re.compile(r"^(?:x-)?(?:anthropic-)?ratelimit-(?:[a-z-]*-)?reset(?:-[a-z-]+)?$")

_JOINED = re.compile(r"\b(?:reset|t)\s*=\s*(\d{1,9})\b")
"""The time in a `RateLimit` header that holds everything at once."""


def stated_wait(headers: Mapping[str, str], body: Any, said: str) -> float | None:
    """Seconds to wait, None where nothing is said of it.

    `body` is the decoded body (or what there is of it), `said` all of its text. The longest of the
    plain statements counts; where there is none, when the limit that is used up is reset.
    """
    stated = [*_of_headers(headers), *_of_body(body), *_of_text(said)]
    return max(stated) if stated else _reset(headers)


def _of_headers(headers: Mapping[str, str]) -> Iterator[float]:
    """`Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3), `retry-after-ms`, and the
    same under a name of the server's own. Of several values in one header the longest counts."""
    for name, value in headers.items():
        if found := _RETRY_AFTER.match(name.lower()):
            waits = [_retry_after(value.strip()), *map(_number, value.split(","))]
            known = [wait for wait in waits if wait is not None]
            if known:
                yield max(0.0, max(known) / (1000 if found[1] else 1))


def _retry_after(value: str) -> float | None:
    seconds = _number(value)
    if seconds is None:
        seconds = _seconds(value)
    if seconds is None:
        try:
            return _until(parsedate_to_datetime(value))
        except (TypeError, ValueError):
            return None
    return seconds


def _of_body(value: Any, depth: int = 0) -> Iterator[float]:
    """Fields of any depth that say it: `retryDelay: "20s"`, `retry_after: 20`, and headers that a
    gateway passes on inside its body."""
    if depth > 8:
        return
    if isinstance(value, list):
        for item in value[:64]:
            yield from _of_body(item, depth + 1)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        name = re.sub(r"[^a-z]", "", str(key).lower())
        if name in _BODY_SECONDS or name in _BODY_MILLISECONDS:
            number = _number(item)
            if number is not None:
                yield max(0.0, number / 1000 if name in _BODY_MILLISECONDS else number)
            elif isinstance(item, str) and (seconds := _seconds(item)) is not None:
                yield seconds
            elif isinstance(item, dict) and (whole := _number(item.get("seconds"))) is not None:
                yield max(0.0, whole + (_number(item.get("nanos")) or 0.0) / 1e9)
        elif name == "headers" and isinstance(item, dict):
            texts = {str(k).lower(): str(v) for k, v in item.items()}
            wait = stated_wait(texts, None, "")
            if wait is not None:
                yield wait
        else:
            yield from _of_body(item, depth + 1)


def _of_text(said: str) -> Iterator[float]:
    """Sentences such as "try again in 20s" and "retry after 1 minute 5 seconds"."""
    said = said[:20_000]
    for found in _TOLD.finditer(said):
        seconds = _seconds(found["length"])
        if seconds is not None:
            yield seconds
    for found in _BARE.finditer(said):
        yield float(found[1])
    for found in _CHINESE.finditer(said):
        yield float(found[1]) * _CHINESE_UNITS[found[2]]


def _reset(headers: Mapping[str, str]) -> float | None:
    """When a used-up limit is reset: of those whose remainder is said to be none, else of all."""
    lowered = {name.lower(): value for name, value in headers.items()}
    resets = {name: _moment(value) for name, value in lowered.items() if _RESET.match(name)}
    waits = {name: wait for name, wait in resets.items() if wait is not None}
    if joined := _JOINED.search(lowered.get("ratelimit", "")):
        waits["ratelimit"] = float(joined[1])
    used_up = [
        wait
        for name, wait in waits.items()
        if _number(lowered.get(name.replace("reset", "remaining"))) == 0
    ]
    return max(used_up or waits.values(), default=None)


def _moment(value: str) -> float | None:
    """Seconds from now: given as such, as a length of time, as a Unix time or as a date."""
    number = _number(value)
    if number is not None:
        if number > OLDEST_EPOCH * 1000:
            number /= 1000
        return max(0.0, number - time() if number > OLDEST_EPOCH else number)
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, _until(datetime.fromisoformat(value.strip())))
    except ValueError:
        return None


def _until(when: datetime) -> float:
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - datetime.now(UTC)).total_seconds()


def _seconds(text: str) -> float | None:
    """A length of time such as "6m0s", "120ms" or "1 minute 5 seconds"."""
    parts = _PART.findall(text)
    if not parts:
        return None
    total = 0.0
    for amount, unit in parts:
        short = unit.lower()
        name = "ms" if short.startswith(("ms", "milli")) else short[0]
        total += float(amount) * _UNITS[name]
    return total if math.isfinite(total) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
