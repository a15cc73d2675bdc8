"""Ids that are never used twice in a run, and the ordinals of what has none."""

from __future__ import annotations

from its.problems.seen_ids import SeenIds


class Ids:
    """Gives every record of all sources an id of its own.

    An id of the input keeps its text, except where another file or a line number has it already;
    only within one file a second use is a fault. A line number that is taken gets a mark.
    """

    def __init__(self) -> None:
        self._all = SeenIds()
        self._here = SeenIds()
        self._contents = SeenIds()
        self._repeats: dict[str, int] = {}
        self._prefix = ""

    def next_source(self, stem: str) -> None:
        """Ids used before by another source get this one's name in front."""
        self._here = SeenIds()
        self._prefix = f"{stem}:"

    def own(self, identifier: str) -> str | None:
        """The id for a record that has one; None where the same source used it before."""
        if not self._here.add(identifier):
            return None
        if self._all.add(identifier):
            return identifier
        return self._free(f"{self._prefix or 'id:'}{identifier}")

    def by_place(self, place: tuple[str, int]) -> str:
        """The id for a record that has none."""
        name = f"{place[0]}:{place[1]}"
        return name if self._all.add(name) else self._free(f"{self._prefix}{name}")

    def ordinal(self, content: bytes) -> int:
        """How many records of this content came before."""
        key = content.hex()
        if self._contents.add(key):
            return 0
        self._repeats[key] = self._repeats.get(key, 0) + 1
        return self._repeats[key]

    def _free(self, name: str) -> str:
        number, free = 2, name
        while not self._all.add(free):
            free, number = f"{name} ({number})", number + 1
        return free
