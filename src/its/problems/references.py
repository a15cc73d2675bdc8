"""The right answers that a reference field holds, in the shapes that files give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def reference_value(value: Any) -> Any:
    """A text, a number or a list of right answers out of the objects that data sets wrap them in.

    Understood: SQuAD's {"text": […]} and [{"text": …}], TriviaQA's {"value": …, "aliases": […]},
    DROP's {"spans": […]} and {"number": …, "date": …, "spans": …}. Anything else stays as it is;
    where no answer is inside (an unanswerable question), None.
    """
    if isinstance(value, list) and value and all(_has_text(entry) for entry in value):
        return _one_or_all([entry["text"] for entry in value])
    return _from_object(value) if isinstance(value, Mapping) else value


def _from_object(value: Mapping[str, Any]) -> Any:
    if isinstance(value.get("text"), list):
        return _one_or_all(value["text"])
    if "aliases" in value and "value" in value:
        aliases = value["aliases"] if isinstance(value["aliases"], list) else []
        return _one_or_all([value["value"], *aliases])
    if isinstance(value.get("spans"), list) and (value["spans"] or "date" not in value):
        return _one_or_all(value["spans"])
    if isinstance(value.get("spans"), list) and value.get("number") not in (None, ""):
        return value["number"]
    if isinstance(value.get("date"), Mapping):
        return " ".join(str(value["date"][p]) for p in ("day", "month", "year")
                        if value["date"].get(p)) or None  # fmt: skip
    return value


def _has_text(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("text"), str)


def _one_or_all(values: list[Any]) -> Any:
    distinct: list[Any] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return (distinct[0] if len(distinct) == 1 else distinct) if distinct else None
