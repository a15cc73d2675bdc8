"""What an endpoint can do, remembered between runs so that the next one asks nothing.

Findings are kept for a day, by the endpoint's address, the model, how it is spoken to, and all
that the endpoint lists: a server restarted with another model or another context is asked
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import orjson

from its.models.protocol import Capabilities
from its.models.remembered import Remembered

LIFETIME = 24 * 3600.0
_FINDINGS = Remembered("capabilities.json", LIFETIME)
UNCERTAIN = "could not be found out"
"""In the note of a probe that left something open."""
_VOLATILE = frozenset({"created", "loaded_at", "last_used", "expires_at"})


@dataclass(frozen=True, slots=True)
class Place:
    """A model at an endpoint, and all that can change what it does there."""

    address: str
    model: str
    api: str
    listed: Sequence[Mapping[str, Any]]
    extra_body: Mapping[str, Any]

    @property
    def key(self) -> str:
        told = [self.address, self.model, self.api, _lasting(self.listed), self.extra_body]
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str).decode()


def recall(place: Place) -> Capabilities | None:
    """What an earlier run found there; None where it must be asked."""
    found = _FINDINGS.recall(place.key) if place.listed else None
    names = {field.name for field in fields(Capabilities)}
    if not isinstance(found, dict) or set(found) != names:  # of another version
        return None
    return Capabilities.of(found)


def keep(place: Place, capabilities: Capabilities) -> None:
    """Keep what a probe found, unless it left something open; of an endpoint that lists nothing
    it would not be seen when another model takes its place."""
    if place.listed and not any(UNCERTAIN in note for note in capabilities.notes):
        _FINDINGS.keep(place.key, capabilities.as_dict())


def forget() -> None:
    """Every endpoint is asked anew from now on."""
    _FINDINGS.forget()


def _lasting(value: Any) -> Any:
    """A listing without what changes by itself, such as the time at which it was made."""
    if isinstance(value, Mapping):
        return {str(k): _lasting(v) for k, v in value.items() if k not in _VOLATILE}
    return [_lasting(item) for item in value] if isinstance(value, list | tuple) else value
