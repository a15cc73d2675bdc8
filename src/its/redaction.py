"""What may be written down or shown: everything but secrets. All of `its` redacts here.

Two kinds are taken out: secrets whose value is known (`Secrets`: the key, passwords, header
values), wherever they turn up, and values that only look like secrets, by the name they stand
under or by their form.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

MARK = "[key]"
SURE_LENGTH = 8
"""Characters from which a known secret is taken out of anything, whatever stands around it."""

_SECRET_NAME = re.compile(
    r"(?:^|[_.\-\s])(?:x?api[_-]?key|key|keys|token|secrets?|pass|passwd|password|passphrase|pwd"
    r"|auth|authorization|authentication|bearer|credentials?|cookie|session|signature|sig|jwt"
    r"|access[_-]?code)$",
    re.IGNORECASE,
)
_MODEL_TOKEN = re.compile(
    r"(?:^|[_-])(?:bos|eos|pad|unk|sep|cls|mask|stop|end|start|begin|first|last|image|audio|think"
    r"|special|new|next)[_-]?tokens?$",
    re.IGNORECASE,
)
"""Tokens of a model's vocabulary: no secrets."""
_SECRET_SECTIONS = frozenset({"headers"})
"""Sections of which every value may be a secret."""
_LOOSE_SECTIONS = frozenset({"extra_body"})
"""Sections whose texts are settings, no prose: there `token=...` is a secret."""
_REFERENCE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^/\s@\"'<>]*@)?([^\s\"'<>)\]}]*)")
_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@")
_SURE = (
    re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|key|ghp|gho|AIza|AKIA|eyJ)[-_]?(?=[\w.-]*\d)[\w.-]{16,}"),
)
"""Forms that are keys and nothing else."""
_LOOSE = (
    (re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|key)[-_][A-Za-z0-9_*.-]{6,}"), MARK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=_.*~-]{4,}"), rf"\1 {MARK}"),
    (
        re.compile(
            r"(?i)((?:api[-_]?)?\b\w*(?:key|token|secret|passw(?:or)?d|credentials?|signature|sig"
            r"|auth)[\"']?)\s*[=:]\s*[\"']?(?!\[key\])[^&\s\"',;)}\]]{4,}"
        ),
        rf"\1={MARK}",
    ),
)
"""Forms that in a message about an endpoint may be keys."""


class Secrets:
    """Secrets whose values are known, found in every form in which they travel."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        forms = {
            form
            for value in values
            if value
            for form in (value, quote(value, safe=""), b64encode(value.encode()).decode())
        }
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._sure = tuple(form for form in ordered if len(form) >= SURE_LENGTH)
        self._short = tuple(
            re.compile(rf"(?<!\w){re.escape(form)}(?!\w)")
            for form in ordered
            if len(form) < SURE_LENGTH
        )

    def in_data(self, text: str) -> str:
        """The text of a model or of a user without the secrets; those so short that they may be
        a word like any other stay."""
        for form in self._sure:
            if form in text:
                text = text.replace(form, MARK)
        return text

    def in_message(self, text: str) -> str:
        """A message about an endpoint without the secrets and without all that looks like one."""
        text = self.in_data(text)
        for pattern in self._short:
            text = pattern.sub(MARK, text)
        return redact_message(text)


def secrets_of_address(address: str) -> list[str]:
    """The password of an address, its user and password as they are sent, and the secrets among
    the values of its query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return []  # nothing is sent to such an address, and it is shown without user and query
    values = [
        value for name, value in parse_qsl(parts.query) if is_secret_name(name, in_query=True)
    ]
    if parts.username is not None:
        values += [parts.password or "", f"{parts.username}:{parts.password or ''}"]
    return values


def secrets_of_data(data: Any, name: str = "") -> list[str]:
    """The texts that stand under secret names in plain data."""
    if isinstance(data, Mapping):
        return [
            found
            for key, value in data.items()
            for found in secrets_of_data(value, str(key) if not is_secret_name(name) else name)
        ]
    if isinstance(data, (list, tuple)):
        return [found for value in data for found in secrets_of_data(value, name)]
    return [data] if isinstance(data, str) and is_secret_name(name) else []


def is_secret_name(name: str, *, in_query: bool = False) -> bool:
    """Whether what stands under this name is kept to oneself."""
    if in_query and name.lower() == "code":
        return True
    spaced = _CAMEL.sub("_", name)
    return bool(_SECRET_NAME.search(spaced)) and not _MODEL_TOKEN.search(spaced)


def public_address(address: str) -> str:
    """An address without user, password, query and fragment, fit to be shown and stored."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return _USER.sub(r"\1", re.split(r"[?#]", address, maxsplit=1)[0])
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def redact(data: Any, name: str = "", section: str = "") -> Any:
    """Plain data, such as a configuration, fit to be shown and stored: addresses without user and
    query, no texts under secret names, no header values but references to the environment, and
    no keys in texts. Prose such as a prompt loses only what is a key beyond doubt."""
    if isinstance(data, Mapping):
        inner = name if name in _SECRET_SECTIONS | _LOOSE_SECTIONS else section
        hidden = is_secret_name(name)
        return {
            key: redact(value, name if hidden else str(key), inner) for key, value in data.items()
        }
    if isinstance(data, (list, tuple)):
        return [redact(value, name, section) for value in data]
    if data is None or isinstance(data, bool):
        return data
    if section in _SECRET_SECTIONS or is_secret_name(name):
        return data if isinstance(data, str) and _only_references(data) else MARK
    return _redact_text(data, name, section) if isinstance(data, str) else data


def _redact_text(text: str, name: str, section: str) -> str:
    if name.endswith(("url", "address")):
        return public_address(text)
    return redact_message(text) if section in _LOOSE_SECTIONS else redact_prose(text)


def redact_prose(text: str) -> str:
    """A text of a user without what is a key or a password beyond doubt."""
    for pattern in _SURE:
        text = pattern.sub(MARK, text)
    return _USER.sub(r"\1", text)


def redact_message(text: str) -> str:
    """A message about an endpoint without all that looks like a key."""
    text = _ADDRESS.sub(lambda found: found[1] + found[2].partition("?")[0], text)
    for pattern, shown in _LOOSE:
        text = pattern.sub(shown, text)
    return redact_prose(text)


def _only_references(text: str) -> bool:
    """Whether a text names variables of the environment and holds no value of its own."""
    words = _REFERENCE.sub("", text).strip()
    return bool(_REFERENCE.search(text)) and words.lower() in ("", "bearer", "basic", "token")
