"""Opens models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass

from its.errors import ConfigurationError
from its.models.backend import ModelBackend
from its.models.protocol import Model
from its.models.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class EndpointBackend(ModelBackend):
    """Any OpenAI-compatible endpoint, local or hosted."""

    name = "endpoint"

    def opens(self, settings: ModelSettings) -> bool:
        return self.address(settings) is not None

    def address(self, settings: ModelSettings) -> str | None:
        """The configuration's word first, then the environment's."""
        return settings.base_url or os.environ.get("OPENAI_BASE_URL") or None

    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> Model:
        from its.models.openai.model import OpenAIModel
        from its.models.openai.settings import OpenAISettings, Timeouts

        base_url = self.address(settings)
        if base_url is None:
            raise ConfigurationError(
                f"model {settings.name!r} has no endpoint: set model.base_url, --base-url or "
                "OPENAI_BASE_URL, or leave the model out to use the embedded one"
            )
        timeout = settings.timeout
        return OpenAIModel(
            OpenAISettings(
                name=settings.name,
                base_url=base_url,
                api_key=os.environ.get(settings.api_key_env) or None,
                api=settings.api,
                timeouts=Timeouts(timeout.connect, timeout.first_token, timeout.total),
                extra_body=settings.extra_body,
                parameters=None if settings.parameters is None else int(settings.parameters),
                stream="auto" if streamed else "never",
            )
        )
