"""Opens recorded samples as a model: `recorded:FILE` or `recorded:RUN`."""

from __future__ import annotations

from dataclasses import dataclass

from its.models.backend import ModelBackend
from its.models.protocol import Model
from its.models.settings import ModelSettings

PREFIX = "recorded:"


@dataclass(frozen=True, slots=True)
class RecordedBackend(ModelBackend):
    """A pool of recorded samples, or a finished run, replayed at no cost."""

    name = "recorded"

    def opens(self, settings: ModelSettings) -> bool:
        return settings.name.startswith(PREFIX)

    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> Model:
        from its.models.recorded import RecordedModel, load_pool

        return RecordedModel(load_pool(settings.name.removeprefix(PREFIX)), seed)
