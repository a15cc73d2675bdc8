"""Opens models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from its.errors import ConfigurationError
from its.models.backend import ModelBackend
from its.models.known import known_model
from its.models.settings import ModelSettings

if TYPE_CHECKING:
    from its.models.openai.model import OpenAIModel
    from its.models.openai.settings import OpenAISettings

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class EndpointBackend(ModelBackend):
    """Any OpenAI-compatible endpoint, local or hosted."""

    name = "endpoint"

    def opens(self, settings: ModelSettings) -> bool:
        return self.address(settings) is not None

    def address(self, settings: ModelSettings) -> str | None:
        """The configuration's word first, then the environment's."""
        return settings.base_url or os.environ.get("OPENAI_BASE_URL") or None

    def context(self, settings: ModelSettings) -> int | None:
        known = known_model(settings.name)
        return None if known is None else known.context

    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> OpenAIModel:
        from its.models.openai.model import OpenAIModel

        base_url = self.address(settings)
        if base_url is None:
            raise ConfigurationError(
                f"model {settings.name!r} has no endpoint: set model.base_url, --base-url or "
                "OPENAI_BASE_URL, or leave the model out to use the embedded one"
            )
        return OpenAIModel(spoken_to(settings, base_url, streamed=streamed))


def spoken_to(settings: ModelSettings, base_url: str, *, streamed: bool) -> OpenAISettings:
    """How the endpoint at this address is spoken to, with what the environment adds. Raises
    ConfigurationError."""
    from its.models.openai.settings import OpenAISettings, Timeouts

    timeout, known = settings.timeout, known_model(settings.name)
    return OpenAISettings(
        name=settings.name,
        base_url=base_url,
        api_key=os.environ.get(settings.api_key_env) or None,
        headers=_filled(settings.headers),
        key_header=settings.key_header,
        top_p=settings.top_p,
        reasoning_terms=known is not None and known.reasoning,
        api=settings.api,
        timeouts=Timeouts(timeout.connect, timeout.first_token, timeout.total),
        extra_body=with_reasoning(settings),
        parameters=None if settings.parameters is None else int(settings.parameters),
        stream="auto" if streamed else "never",
    )


def _filled(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the variables of the environment filled in. Raises ConfigurationError
    where one is not set, or a value cannot be a header's."""

    def value_of(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        value = os.environ.get(name)
        if value is None:
            raise ConfigurationError(f"model.headers: the environment has no {name}: set it")
        return value

    filled = {name: _VARIABLE.sub(value_of, value) for name, value in headers.items()}
    for name, value in filled.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"model.headers: {name!r} is no name of a header")
        if not (value.isascii() and value.isprintable()):
            raise ConfigurationError(
                f"model.headers.{name}: its value holds a line break or a character that no "
                "header has: copy it again"
            )
    return filled


def with_reasoning(settings: ModelSettings) -> dict[str, Any]:
    """The fields that every request gets; what `extra_body` says itself stands."""
    reasoning = settings.reasoning
    body: dict[str, Any] = {}
    if reasoning is not None and reasoning.effort is not None:
        body["reasoning_effort"] = reasoning.effort
    if reasoning is not None and reasoning.thinking is not None:
        given = settings.extra_body.get("chat_template_kwargs")
        more = given if isinstance(given, dict) else {}
        body["chat_template_kwargs"] = {"enable_thinking": reasoning.thinking, **more}
        return {**settings.extra_body, **body}
    return {**body, **settings.extra_body}
