"""One record of an input, before it is known what its fields mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InputRecord:
    """The fields of a line, a row of a table or an entry of a list.

    `place` says where it stands, as ids and messages write it: ("line", 7) or ("row", 3).
    """

    place: tuple[str, int]
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be had, and why; `content` is what identifies it. With `ends`, what
    follows it cannot be had either."""

    place: tuple[str, int]
    reason: str
    content: bytes = b""
    ends: bool = False
