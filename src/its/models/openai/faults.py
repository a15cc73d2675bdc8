"""What an endpoint's refusal means: from status and body to the tree of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from its.errors import (
    CallError,
    KeyRejected,
    PermanentCallError,
    PromptTooLong,
    TransientCallError,
)
from its.models.openai.json_text import decode, whole_characters
from its.models.openai.settings import OpenAISettings
from its.redaction import public_address

TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
WEB_PAGE = "answered with a web page, not JSON: is base_url right?"

_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|input_tokens|prompt is too long|too many (input )?tokens"
    r"|maximum (input|prompt) (length|tokens)",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(r"insufficient_quota|insufficient[ _](balance|credit)", re.IGNORECASE)


class Faults:
    """Makes the errors of one endpoint; no message of theirs ever holds its key."""

    def __init__(self, settings: OpenAISettings) -> None:
        self._secrets = settings.secrets()
        self.address = public_address(settings.url)
        self._model = settings.name

    def refused(self, status: int, body: bytes, headers: Mapping[str, str]) -> CallError:
        """The error for an HTTP status other than 200."""
        said, details = self._words(body)
        message = f"{self.address} answered {status}: {said}"
        if 300 <= status < 400:
            target = self._secrets.in_message(_shorten(headers.get("Location", "another address")))
            return PermanentCallError(
                f"{self.address} points to {target} instead of answering: is base_url right?",
                status=status,
            )
        return self._classify(status, message, details, retry_after(headers))

    def reported(self, error: Any, begun: bool) -> CallError:
        """The error for an `error` object where a reply should be. Its own code counts as the
        status, unless tokens had come before it: then the call was accepted, and cost."""
        said, details = self._words_of({"error": error})
        code = str(error.get("code")) if isinstance(error, dict) else ""
        status = int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500
        message = f"{self.address} answered with an error: {said}"
        if begun:
            return TransientCallError(f"{self.address} broke off: {said}", status=200)
        return self._classify(status, message, details, None)

    def garbled(self, body: bytes, what: str) -> TransientCallError:
        """The error for a good status with a body that is no reply."""
        if _is_web_page(body):
            return TransientCallError(f"{self.address} {WEB_PAGE}", status=200)
        return TransientCallError(f"{self.address} {what}", status=200)

    def lost(self, what: str, *, answered: bool = True) -> TransientCallError:
        """The error for a connection that failed."""
        return TransientCallError(
            f"{self.address} {self._secrets.in_message(what)}", answered=answered
        )

    def _classify(self, status: int, message: str, details: str, wait: float | None) -> CallError:
        if status in (401, 403):
            return KeyRejected(f"{message} (is the API key right?)", status=status)
        if status == 402 or (status == 429 and _NO_CREDIT.search(details)):
            return KeyRejected(f"{message} (the key's account has no credit)", status=status)
        if status == 413 or (400 <= status < 500 and _TOO_LONG.search(details)):
            return PromptTooLong(message, status=status)
        if status in TRANSIENT_STATUS or status >= 500:
            return TransientCallError(message, status=status, retry_after=wait)
        if status == 404:
            message = f"{message} (is the model's name, {self._model!r}, right, and base_url?)"
        return PermanentCallError(message, status=status)

    def _words(self, body: bytes) -> tuple[str, str]:
        """What the endpoint said, for people and in full for the classifier."""
        if _is_web_page(body):
            return "a web page, not JSON (is base_url right?)", ""
        try:
            return self._words_of(decode(body))
        except ValueError:
            text = body.decode("utf-8", "replace")
            return self._show(text), text

    def _words_of(self, value: Any) -> tuple[str, str]:
        details = repr(value)
        return self._show(_message(value) or details), details

    def _show(self, text: str) -> str:
        return _shorten(self._secrets.in_message(whole_characters(text))) or "nothing more"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `Retry-After`, given in seconds or as an HTTP date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            when = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        if when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        seconds = (when - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if seconds < float("inf") else None


def _message(value: Any) -> str:
    """The sentence inside the shapes in which servers wrap their errors."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_message, value)))
    if isinstance(value, dict):
        for key in ("error", "message", "detail", "msg"):
            if value.get(key):
                where = value.get("loc")
                field = f"{where[-1]}: " if isinstance(where, list) and where else ""
                return field + _message(value[key])
    return ""


def _shorten(text: str, limit: int = 200) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _is_web_page(body: bytes) -> bool:
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
