"""Data and files with something wrong somewhere, drawn at random and the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

HOSTILE: Sequence[Any] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.0, 10**400, -(10**30), 2**63, 2**64, 1e308, 1e-320),
    *(float("inf"), float("-inf"), float("nan"), "9" * 5000, "1e999", "", " ", "0", "x" * 5000),
    *("\0", "\ud800", "\u202e\x1b[2J", "\n", "\\boxed{", '{"score": 1e999}', "Score: " + "9" * 400),
    *("<think>", "```", "line:2", "../../x", "recorded:x", "embedded", "https://[::1", "~", "&a"),
    *([], {}, [[]], [None], {"": ""}, {"a": {"b": {"c": []}}}, [1, "a", None, {}], "🦆" * 50),
    *("nan", "-inf", "²", "１２", "\\frac{1}{0}", "9" * 20 + "!", "9**9**9", "= = =", "(" * 300),
)
"""Values that a reader may not expect in a place."""


def mutated_bytes(content: bytes, draw: Random) -> bytes:
    """Cut, overwritten, doubled, exchanged or noisy somewhere."""
    if not content:
        return b"\xff"
    at, length = draw.randrange(len(content)), draw.randint(1, 40)
    noise = bytes(draw.randrange(256) for _ in range(length))
    other = draw.randrange(len(content))
    return draw.choice(
        [
            content[:at],
            content[:at] + noise + content[at + length :],
            content[:at] + content[at + length :],
            content[:at] + content[other : other + length] + content[at:],
            content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :],
            content[:at] + b"\0" * length + content[at:],
        ]
    )


def mutated_data(data: Any, draw: Random) -> Any:
    """Plain data with a value somewhere exchanged, left out, wrapped, or under another key."""
    places = list(_places(data, ()))
    if not places:
        return draw.choice(HOSTILE)
    *path, last = draw.choice(places)
    changed = json.loads(json.dumps(data))
    inside = changed
    for key in path:
        inside = inside[key]
    kind = draw.randrange(6)
    if kind == 0:
        del inside[last]
    elif kind == 1:
        inside[last] = [inside[last]]
    elif kind == 2 and isinstance(inside, dict):
        inside[str(draw.choice(HOSTILE))[:50]] = inside.pop(last)
    else:
        inside[last] = draw.choice(HOSTILE)
    return changed


def _places(data: Any, path: tuple[Any, ...]) -> Any:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))
