"""Where a model is, and how it is spoken to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from its.errors import ConfigurationError
from its.models.openai.json_text import check_finite
from its.models.protocol import Capabilities
from its.redaction import Secrets, secrets_of_address, secrets_of_data


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, for the first token of a streamed reply (a queue at the
    endpoint counts), and for the whole call."""

    connect: float = 10.0
    first_token: float = 300.0
    total: float = 900.0


@dataclass(frozen=True, slots=True)
class TurnTemplate:
    """How a conversation becomes one raw prompt, for models without a chat endpoint.

    `{content}` stands for the turn's text; `reply` opens the assistant's turn.
    """

    system: str = "{content}\n\n"
    user: str = "{content}\n\n"
    assistant: str = "{content}\n\n"
    reply: str = ""


@dataclass(frozen=True, slots=True)
class OpenAISettings:
    """One model of one endpoint.

    `base_url` usually ends in /v1. `api` "completions" sends raw prompts, joined by `template`.
    `extra_body` is added to every request (top_k, min_p, the server's own fields). `parameters`
    is the model's size, for FLOPs. `capabilities` are an earlier probe's findings, None before
    one. `headers` go with every request; the key goes in `key_header`, as a bearer where that is
    Authorization. `top_p` is what the run will ask for, so that the probe tries it;
    `reasoning_terms` where the model is known to take those of the hosted reasoning models.
    `stream` "auto" streams wherever the endpoint can, so that a cancelled call stops there;
    "never" saves the client's CPU and gives that up. `path` is where calls are posted, below the
    address, where `api` does not say it.
    """

    name: str
    base_url: str
    api_key: str | None = field(default=None, repr=False)
    api: Literal["chat", "completions"] = "chat"
    timeouts: Timeouts = field(default_factory=Timeouts)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    template: TurnTemplate = field(default_factory=TurnTemplate)
    parameters: int | None = None
    capabilities: Capabilities | None = None
    top_p: float = 1.0
    reasoning_terms: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_header: str = "Authorization"
    stream: Literal["auto", "never"] = "auto"
    path: str = ""

    def __post_init__(self) -> None:
        parts = _split(self.base_url)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(
                "base_url is no web address: give one such as http://localhost:8000/v1"
            )
        if self.api_key and parts.username is not None:
            raise ConfigurationError(
                "base_url holds a user name and an API key is given as well: give one of them"
            )
        if self.api_key and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ConfigurationError(
                "the API key holds a line break or a character that no key has: copy it again"
            )
        check_finite(self.extra_body, "extra_body")

    @property
    def url(self) -> str:
        """The address to send to, without credentials and without a slash at its end."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), parts.query, ""))

    def secrets(self) -> Secrets:
        """Everything here that is never to be shown."""
        values = [self.api_key or "", *self.headers.values()]
        return Secrets(
            [*values, *secrets_of_address(self.base_url), *secrets_of_data(self.extra_body)]
        )

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User name and password where the address holds them."""
        parts = urlsplit(self.base_url)
        if parts.username is None:
            return None
        return unquote(parts.username), unquote(parts.password or "")


def _split(url: str) -> SplitResult | None:
    if any(character.isspace() for character in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts
