"""What a run is known by: everything that can change a result, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from its.models.backends import backend_of
from its.prompts import PromptSet
from its.rewards.endpoint import EndpointReward

if TYPE_CHECKING:
    from its.models.settings import ModelSettings
    from its.pipeline.config import Pipeline

NOT_IN_FINGERPRINT = frozenset(
    {
        "base_url",
        "file",
        "api_key_env",
        "headers",
        "key_header",
        "stream",
        "concurrency",
        "min_concurrency",
        "requests_per_minute",
        "tokens_per_minute",
        "price",
        "parameters",
        "timeout",
        "retries",
    }
)
"""Model settings that change how fast and how expensive a run is, never what it answers."""

_NOT_IN_IDENTITY = frozenset({"input", "bare_rows"})
"""Sections that say what is read and written: a problem is known by what is asked."""


def identity_of(
    pipeline: Pipeline, prompts: Mapping[str, PromptSet], *, baseline: bool
) -> dict[str, Any]:
    """All that can change a result, as plain data with stable keys; secrets in it are whole, so
    that two of them never share a fingerprint: redact it before it is written down."""
    resolved: dict[str, Any] = pipeline.model_dump(mode="json", exclude=set(_NOT_IN_IDENTITY))
    for role, settings in (("model", pipeline.model), ("judge", pipeline.judge)):
        resolved[role] = settings and _identity_of_model(settings)
    resolved["models"] = {
        name: _identity_of_model(settings) for name, settings in pipeline.models.items()
    }
    resolved.pop("grade", None)  # it changes verdicts, never an answer
    for stage in (*resolved["stages"], *(resolved["cascade"] or {}).get("stages", ())):
        if not stage["models"]:  # a stage on one model is known as it was before there were several
            del stage["models"]
    resolved = _without_connections(resolved)
    resolved["prompts"] = {role: chosen.identity() for role, chosen in prompts.items()}
    resolved["baseline"] = baseline
    return resolved


def fingerprint(identity: Mapping[str, Any]) -> str:
    """Twelve hexadecimal digits of an identity."""
    content = orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=6).hexdigest()


def differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> list[str]:
    """What two identities disagree on, a line each: `stages.0.n: 5 → 8`."""
    lines: list[str] = []
    for key in sorted({*old, *new}):
        here = f"{path}{key}"
        before, after = old.get(key), new.get(key)
        if isinstance(before, list) and isinstance(after, list):
            before, after = (dict(enumerate_(items)) for items in (before, after))
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += differences(before, after, f"{here}.")
        elif before != after:
            lines.append(f"{here}: {_short(before)} → {_short(after)}")
    return lines


def enumerate_(items: list[Any]) -> list[tuple[str, Any]]:
    return [(str(index), item) for index, item in enumerate(items)]


def _identity_of_model(settings: ModelSettings) -> dict[str, Any]:
    told = settings.model_dump(mode="json")
    kept = {name: value for name, value in told.items() if name not in NOT_IN_FINGERPRINT}
    return kept | dict(backend_of(settings).identity(settings))


def _without_connections(data: Any) -> Any:
    """Plain data in which a reward behind an endpoint says nothing of how it is reached. A stage
    that cuts nothing says so by silence, as runs from before there was `cut` do."""
    if isinstance(data, list):
        return [_without_connections(item) for item in data]
    if not isinstance(data, dict):
        return data
    left_out = NOT_IN_FINGERPRINT if data.get("method") == EndpointReward.name else frozenset()
    if data.get("cut") == []:
        left_out |= {"cut"}
    return {key: _without_connections(value) for key, value in data.items() if key not in left_out}


def _short(value: Any) -> str:
    text = "(none)" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
