"""What an adapter is: from texts to a request body, and from a response to numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from its.rewards.served.form import Form, Steps

Values = list[float | None]
"""What a server says of one reply: a number a step, or one; None where it is not finite."""


def scores_in(text: str) -> list[Values]:
    """The values of every reply, as the completion of a served reward model holds them."""
    values: list[Values] = orjson.loads(text)
    return values


@dataclass(frozen=True, slots=True)
class Texts:
    """A question and the replies to be scored, each as its steps."""

    model: str
    question: str
    replies: tuple[Steps, ...]


def reported_tokens(data: Any) -> int | None:
    """Prompt tokens as in the OpenAI API's `usage`; None where nothing is told."""
    usage = data.get("usage") if isinstance(data, dict) else None
    counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return counted if isinstance(counted, int) and not isinstance(counted, bool) else None


@dataclass(frozen=True, slots=True)
class Adapter:
    """One API of one server. `path` is below the server's root. `build` makes the body of a
    request, `read` the values of every reply (ValueError, in plain words, where the response is
    none of this API), `tokens` the prompt tokens that it reports.

    `together`: several replies may share a call; `steps`: it can score steps; `last_step`: a call
    scores the last step of a reply only; `probability`: it answers with probabilities unless a
    model says otherwise. `completion` counts the tokens that a call writes.
    """

    name: str
    path: str
    build: Callable[[Texts, Form], dict[str, Any]]
    read: Callable[[Any, Texts, Form], list[Values]]
    tokens: Callable[[Any], int | None] = reported_tokens
    together: Callable[[Form], bool] = lambda form: True
    steps: bool = False
    last_step: bool = False
    probability: bool = False
    completion: int = 0


def entries(data: Any, key: str | None) -> list[Any]:
    """The list under a key of a response (the response itself where None). Raises ValueError."""
    found = data if key is None else data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise ValueError("no list of scores" if key is None else f"no list under {key!r}")
    return found


def by_index(items: Sequence[Any], count: int, field: str) -> list[Any]:
    """What each item has under `field`, in the order of their own `index` (a server may sort by
    score); None for a reply that none speaks of. Raises ValueError for an index out of range."""
    found: list[Any] = [None] * count
    for position, item in enumerate(items):
        if not isinstance(item, dict) or field not in item:
            raise ValueError(f"an entry without {field!r}")
        index = item.get("index", position)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < count:
            raise ValueError(f"an entry for reply {index}, of {count}")
        found[index] = item[field]
    return found


def number(value: Any) -> float | None:
    """A finite number; None for null, NaN and infinities. Raises ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a score that is no number")
    try:
        finite = float(value)
    except OverflowError:
        return None
    return finite if math.isfinite(finite) else None


def in_row(row: Any, form: Form) -> float | None:
    """The number of a row of classes, or of a bare number. Raises ValueError."""
    if not isinstance(row, list):
        return number(row)
    if not row:
        return None
    place = form.positive if len(row) > 1 else 0
    if not -len(row) <= place < len(row):
        raise ValueError(f"{len(row)} classes, and the good one is said to be number {place}")
    return number(row[place])
