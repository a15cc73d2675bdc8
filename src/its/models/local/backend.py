"""Opens models by their file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from its.errors import ConfigurationError
from its.models.backend import Defaults, ModelBackend
from its.models.local.machine import MOST_SLOTS
from its.models.protocol import Model
from its.models.settings import ModelSettings

SUFFIX = ".gguf"
_A_DAY = 86_400.0
"""Seconds. A process of our own does not hang, and a large model on a small machine needs long."""


@dataclass(frozen=True, slots=True)
class LocalBackend(ModelBackend):
    """A GGUF file, run by llama.cpp on this machine (the extra `local`)."""

    name = "local"
    preset = "local"

    def opens(self, settings: ModelSettings) -> bool:
        """A name that ends in `.gguf` means a file, unless an endpoint is named that may have a
        model of this name and there is no such file."""
        if settings.file is not None:
            return True
        if not settings.name.endswith(SUFFIX) or settings.base_url is not None:
            return False
        return not os.environ.get("OPENAI_BASE_URL") or Path(settings.name).is_file()

    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> Model:
        """The model, not yet loaded. Always streams, so that a call can be cancelled."""
        from its.models.local.gguf_file import read_gguf
        from its.models.local.machine import free_memory, serving
        from its.models.local.model import LocalModel
        from its.models.openai.settings import OpenAISettings, Timeouts

        path = _path(settings)
        file = read_gguf(path)
        if find_spec("xllamacpp") is None:
            raise ConfigurationError(
                f"running {path} needs llama.cpp: install it with pip install 'its[local]'"
            )
        waits = settings.timeout.model_dump(exclude_unset=True)
        timeouts = Timeouts(**{"first_token": _A_DAY, "total": _A_DAY, **waits})
        parameters = file.parameters if settings.parameters is None else settings.parameters
        return LocalModel(
            file,
            serving(file, self.concurrency(settings), free_memory()),
            OpenAISettings(
                name=path.stem,
                base_url="http://127.0.0.1",
                timeouts=timeouts,
                extra_body=settings.extra_body,
                parameters=int(parameters),
            ),
        )

    def concurrency(self, settings: ModelSettings) -> int:
        """As many calls as there are slots: one that waits in the server looks like a slow one."""
        return min(settings.concurrency, MOST_SLOTS)

    def context(self, settings: ModelSettings) -> int:
        from its.models.local.gguf_file import read_gguf

        return read_gguf(_path(settings)).context

    def defaults(self, rewards: frozenset[str]) -> Defaults:
        """A small model's unlikely words are mostly wrong ones, so it is sampled at a lower
        temperature (see docs/local-models.md)."""
        return Defaults({"concurrency": MOST_SLOTS, "temperature": 0.5})

    def identity(self, settings: ModelSettings) -> Mapping[str, str | None]:
        """The file's content in place of its path."""
        from its.models.local.content_digest import content_digest
        from its.models.local.gguf_file import read_gguf

        return {"name": None, "content": content_digest(read_gguf(_path(settings)).shards)}


def _path(settings: ModelSettings) -> Path:
    return Path(settings.file or settings.name).expanduser()
