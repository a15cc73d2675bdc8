"""What of a configuration may be written down or shown: everything but secrets."""

from __future__ import annotations

import re
from typing import Any

from its.models.openai.faults import without_keys

_SECRET_NAME = re.compile(
    r"(^|[_-])(api[_-]?key|key|token|secret|password|authorization)$", re.IGNORECASE
)


def without_secrets(data: Any, name: str = "") -> Any:
    """Plain data with keys in addresses and texts, and texts under secret names, blotted out."""
    if isinstance(data, dict):
        return {key: without_secrets(value, str(key)) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [without_secrets(value, name) for value in data]
    if not isinstance(data, str):
        return data
    return "[key]" if _SECRET_NAME.search(name) else without_keys(data)
