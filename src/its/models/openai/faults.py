"""What an endpoint's refusal means: from status and body to the tree of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from its.errors import (
    CallError,
    KeyRejected,
    PermanentCallError,
    PromptTooLong,
    TransientCallError,
)
from its.models.openai.json_text import whole_characters
from its.models.openai.settings import OpenAISettings
from its.models.openai.waits import stated_wait
from its.models.openai.words import Said, said_by, said_in
from its.redaction import public_address

LASTING_STATUS = frozenset(
    {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 431, 451}
)
"""Every other status may pass: gateways make up some of their own."""
WEB_PAGE = "answered with a web page, not JSON: is base_url right?"
LONGEST_WORDS = 300

_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|input_tokens|prompt is too long|too many (input )?tokens"
    r"|maximum (input|prompt) (length|tokens)|string_above_max_length|prompt_too_long"
    r"|input is too long|exceeds the (max|limit)\w* (number of )?(input )?tokens",
    re.IGNORECASE,
)
_EXHAUSTED = re.compile(
    r"insufficient[_ -]?(quota|balance|credit|fund|user[_ ]?quota)|quota[_ ]?exhausted"
    r"|(credits?|balance|funds|allowance) (\w+ ){0,3}(exhausted|depleted|used up|insufficient)"
    r"|account (\w+ ){0,2}(not active|inactive|locked|frozen|closed)"
    r"|余额不足|欠费|额度(已)?(不足|用)"
    r"|credit balance is too low|not enough (credit|balance|quota)|out of credit|no credit"
    r"|billing[_ ](hard[_ ]limit|not[_ ]active|disabled)|billing[_ ]?limit|payment required"
    r"|(account|organi[sz]ation|key|user|project) (\w+ ){0,3}(deactivated|suspended|disabled"
    r"|terminated|banned|in arrears)"
    r"|account_?(deactivated|suspended|disabled)|arrearage|overdue|prepaid"
    r"|(usage|spend|spending|spend\w*|budget) (limit|cap)s?\b|budget[_ ]?(has been )?exceeded"
    r"|top[- ]?up|recharge|free[_ ]?tier ?only|trial (has )?(expired|ended)",
    re.IGNORECASE,
)
"""An account that cannot pay, whatever the status."""
_DAILY = re.compile(
    r"(per[ _-]?|/ ?)(day|month|week)(?![a-z])|PerDay|PerMonth|\b(daily|monthly|weekly)\b"
    r"|\b(TPD|RPD)\b"
    r"|today.s (limit|quota)|for today",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"quota|limit|exceed|exhaust|reached|used up|too many", re.IGNORECASE)
_QUOTA = re.compile(r"exceeded your (current )?quota|quota (has been )?exceeded", re.IGNORECASE)
_PER_MINUTE = re.compile(r"per[ _-]?(minute|second|hour)|\b(TPM|RPM|RPS|QPS)\b", re.IGNORECASE)
_ABOUT_CONTENT = re.compile(
    r"flagged|moderation|content[_ -]?(policy|filter|management|violation)|polic(y|ies)|safety"
    r"|unsafe|harm|inappropriate|sensitive|prohibited|blocked|refus|guardrail|risk|illegal"
    r"|data_inspection|jailbreak|input (or output )?data may contain",
    re.IGNORECASE,
)
_UNSERVED = re.compile(
    r"unsupported[_ ]country|(country|region|territory|location) (\w+ ){0,3}not "
    r"(supported|available|served|allowed)|not (supported|available|offered|allowed) (in|from) "
    r"(your|this|the) (\w+ )?(country|region|territory|location)|(blocked|restricted) in your "
    r"(country|region)",
    re.IGNORECASE,
)
"""A provider that does not serve the place from which it is called."""
_BAD_KEY = re.compile(
    r"(invalid|incorrect|wrong|missing|expired|revoked|no)[_ ](\w+ )?(api[_ -]?key|auth\w* token)"
    r"|(api[_ -]?key|access token) (\w+ ){0,2}(expired|revoked|disabled|unknown)"
    r"|api[_ -]?key (is |was )?(not |in)valid|authentication (failed|error)|unauthorized"
    r"|login fail",
    re.IGNORECASE,
)


class Faults:
    """Makes the errors of one endpoint; no message of theirs ever holds its key."""

    def __init__(self, settings: OpenAISettings) -> None:
        self._secrets = settings.secrets()
        self.address = public_address(settings.url)
        self._model = settings.name

    def refused(self, status: int, body: bytes, headers: Mapping[str, str]) -> CallError:
        """The error for an HTTP status other than 200."""
        if 300 <= status < 400:
            target = headers.get("Location") or headers.get("location") or "another address"
            shown = self._secrets.in_message(_shorten(target))
            return PermanentCallError(
                f"{self.address} points to {shown} instead of answering: is base_url right?",
                status=status,
            )
        if _is_web_page(body):
            said = Said("a web page, not JSON (is base_url right?)")
        else:
            said = said_in(body)
        message = f"{self.address} answered {status}: {self._show(said.text)}"
        return self._classify(status, message, said, headers)

    def reported(self, value: Any, begun: bool) -> CallError:
        """The error for what stands where a reply should be. Its own code counts as the status,
        unless tokens had come before it: then the call was accepted, and cost."""
        said = said_by(value)
        shown = self._show(said.text)
        if not begun:
            message = f"{self.address} answered with an error: {shown}"
            return self._classify(said.status or 500, message, said, {})
        message = f"{self.address} broke off: {shown}"
        found = self._classify(said.status or 500, message, said, {})
        if isinstance(found, KeyRejected) and found.final:
            return KeyRejected(str(found), status=200, final=True, account=found.account)
        return TransientCallError(message, status=200)

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

    def _classify(
        self, status: int, message: str, said: Said, headers: Mapping[str, str]
    ) -> CallError:
        """Causes that are known by their words come first, then the status."""
        wait = stated_wait(headers, said.value, said.details)
        if status == 413 or ((status < 500 or said.codes) and _too_long(said, status)):
            return PromptTooLong(message, status=status, details=said.details)
        if status == 402 or _is_exhausted(said, status, wait):
            said_so = f"{message} (the key's account has no credit or quota left)"
            return KeyRejected(said_so, status=status, final=True)
        if status in (400, 403, 451) and _UNSERVED.search(said.words):
            said_so = (
                f"{message} (the provider does not serve the country or region that this machine "
                "calls from: use another provider, or a gateway that it does serve)"
            )
            return KeyRejected(said_so, status=status, final=True, account=False)
        refused = status == 403 and not _ABOUT_CONTENT.search(said.details)
        if status == 401 or refused or (status != 403 and _BAD_KEY.search(said.words)):
            return KeyRejected(f"{message} (is the API key right?)", status=status)
        if status not in LASTING_STATUS:
            return TransientCallError(message, status=status, retry_after=wait)
        if status == 404:
            message = f"{message} (is the model's name, {self._model!r}, right, and base_url?)"
        return PermanentCallError(message, status=status, param=said.param, details=said.details)

    def _show(self, text: str) -> str:
        return _shorten(self._secrets.in_message(whole_characters(text))) or "nothing more"


def _is_exhausted(said: Said, status: int, wait: float | None) -> bool:
    """Whether an account is used up: by code or word, unless it is only this minute's share."""
    if _EXHAUSTED.search(said.words):
        return True
    if status in (400, 404, 422):
        return False
    details = said.details
    if _DAILY.search(details) and _LIMIT.search(details):
        return True
    return bool(_QUOTA.search(details)) and wait is None and not _PER_MINUTE.search(details)


def _too_long(said: Said, status: int) -> bool:
    return bool(_TOO_LONG.search(said.details)) and status != 429


def _shorten(text: str, limit: int = LONGEST_WORDS) -> str:
    """One printable line; of a long one the beginning and the end, where causes tend to stand."""
    kept = text if len(text) <= 8 * limit else text[: 4 * limit] + " … " + text[-4 * limit :]
    line = " ".join("".join(c if c.isprintable() else " " for c in kept).split())
    if len(line) <= limit:
        return line
    end = limit // 3
    return f"{line[: limit - end - 3]} … {line[-end:]}"


def _is_web_page(body: bytes) -> bool:
    return body[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
