"""What an endpoint can do, remembered between runs so that the next one asks nothing.

Findings are kept for a day, by the endpoint's address, the model, how it is spoken to, and all
that the endpoint lists: a server started anew with another model or another context is asked
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import orjson

from its.models.protocol import Capabilities
from its.models.remembered import Remembered

LIFETIME = 24 * 3600.0
_FINDINGS = Remembered("capabilities.json", LIFETIME)
_VOLATILE = frozenset({"created", "loaded_at", "last_used", "expires_at"})


def recall(
    address: str,
    model: str,
    api: str,
    listed: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any],
) -> Capabilities | None:
    """What an earlier run found; None where it must be asked."""
    found = _FINDINGS.recall(_key(address, model, api, listed, extra))
    names = {field.name for field in fields(Capabilities)}
    if not isinstance(found, dict) or set(found) != names:  # of another version
        return None
    return Capabilities(**found | {"notes": tuple(found["notes"])})


def keep(
    address: str,
    model: str,
    api: str,
    listed: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any],
    capabilities: Capabilities,
) -> None:
    """Keep the findings of a probe in which nothing was left open."""
    _FINDINGS.keep(_key(address, model, api, listed, extra), capabilities.as_dict())


def _key(
    address: str,
    model: str,
    api: str,
    listed: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any],
) -> str:
    lasting = [_lasting(entry) for entry in listed]
    told = [address, model, api, lasting, extra]
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str).decode()


def _lasting(value: Any) -> Any:
    """A listing without what changes by itself, such as the time at which it was made."""
    if isinstance(value, Mapping):
        return {str(k): _lasting(v) for k, v in value.items() if k not in _VOLATILE}
    return [_lasting(item) for item in value] if isinstance(value, list | tuple) else value
