"""Answers that are values of Python or JSON, compared as such. Nothing is evaluated."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Hashable
from typing import Any

from its.answers.structure import nesting

_LONGEST = 100_000
_DEEPEST = 50


def literal_key(text: str) -> Hashable | None:
    """What a written value is, whatever its spelling; None for what is no value."""
    text = text.strip()
    if not text or len(text) > _LONGEST or nesting(text) > _DEEPEST:
        return None
    for read in (ast.literal_eval, json.loads):
        try:
            return value_key(read(text))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None


def value_key(value: Any) -> Hashable:
    """One hashable key for equal values: 1 is 1.0 but not true, a list is no tuple."""
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(value_key, value))
    if isinstance(value, dict):
        return ("dict", frozenset((value_key(k), value_key(v)) for k, v in value.items()))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(value_key, value)))
    if value is None or isinstance(value, bool | bytes | str):
        return (type(value).__name__, value)
    return ("number", value) if isinstance(value, int | complex) else _float_key(value)


def _float_key(value: Any) -> Hashable:
    is_nan = isinstance(value, float) and math.isnan(value)
    return ("nan",) if is_nan or not isinstance(value, float) else ("number", value)
