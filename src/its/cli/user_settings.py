"""The user's own defaults and names of models: `~/.config/its/config.yaml`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from its.errors import ConfigurationError
from its.suggestion import did_you_mean

if TYPE_CHECKING:
    from its.pipeline.load import Document

KEYS = ("config", "model", "models", "defaults")


@dataclass(frozen=True, slots=True)
class UserSettings:
    """`config` and `model` are what runs where a command names none; `models` are the keys of a
    `model` section by the name that `-m` knows them by; `defaults` are keys of a pipeline that
    count where the pipeline and the options say nothing."""

    path: Path
    config: str | None = None
    model: str | None = None
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)

    def keys_of(self, model: str | None) -> list[tuple[str, Any]]:
        """What a model named on the command line sets: its own name, or all that its alias does."""
        if model is None:
            return []
        alias = self.models.get(model)
        keys = {"name": model} if alias is None else {"name": model, **alias}
        return [(f"model.{key}", value) for key, value in keys.items()]


def user_settings() -> UserSettings:
    """What the file says; nothing where there is none. Raises ConfigurationError."""
    path = _path()
    if not path.exists():
        return UserSettings(path)
    from its.pipeline.load import read_file

    document = read_file(str(path))
    data = document.data
    if unknown := [key for key in data if key not in KEYS]:
        hint = did_you_mean(str(unknown[0]), KEYS)
        raise _wrong(document, unknown[0], f"no such key; {hint}it can be {', '.join(KEYS)}")
    for key, kind in (("config", str), ("model", str), ("models", dict), ("defaults", dict)):
        if data.get(key) is not None and not isinstance(data[key], kind):
            raise _wrong(document, key, f"must be {'text' if kind is str else 'a mapping of keys'}")
    models, defaults = data.get("models") or {}, data.get("defaults") or {}
    for name, keys in models.items():
        if not isinstance(keys, dict):
            raise _wrong(document, "models", f"{name} must be a mapping of keys, such as name")
    _check(document, models, defaults)
    return UserSettings(path, data.get("config"), data.get("model"), models, defaults)


def _path() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME", "")
    home = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    return home / "its" / "config.yaml"


def _wrong(document: Document, key: str, said: str) -> ConfigurationError:
    line = document.lines.get((key,), 1)
    return ConfigurationError(f"{document.source} line {line}: {key}: {said}")


def _check(document: Document, models: dict[str, Any], defaults: dict[str, Any]) -> None:
    """Every model and the defaults as a pipeline would have them. Raises ConfigurationError."""
    from pydantic import ValidationError

    from its.pipeline.config import Pipeline
    from its.pipeline.faults import Origin, explain

    stages = defaults.get("stages") or [{"strategy": "greedy"}]
    named = {str(name): keys for name, keys in models.items()}
    lines = document.lines
    below = {path[1:]: line for path, line in lines.items() if path[0] == "defaults"}
    faults = []
    for data, origin in (
        ({"stages": stages, "models": named}, Origin(document.source, lines)),
        ({"stages": stages, **defaults}, Origin(document.source, below, within="defaults.")),
    ):
        try:
            Pipeline.model_validate(data)
        except ValidationError as error:
            faults.append(explain(error, data, origin))
    if faults:
        raise ConfigurationError("\n".join(dict.fromkeys(faults)))
