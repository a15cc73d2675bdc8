"""Noticing an id that was used before, in little memory."""

from __future__ import annotations

from array import array

_MOST_FULL = 2 / 3


class SeenIds:
    """A set of ids that holds only their hashes: 12 to 24 bytes each, 36 while it grows.

    Open addressing with linear probing in one flat array. Two different ids are taken for one
    with probability n² / 2⁶⁵: 3 in 100 million for a million ids.
    """

    def __init__(self) -> None:
        self._table = _empty(1 << 12)
        self._count = 0

    def add(self, identifier: str) -> bool:
        """Add an id; False where it was there already."""
        if not _insert(self._table, hash(identifier) or 1):
            return False
        self._count += 1
        if self._count > len(self._table) * _MOST_FULL:
            self._grow()
        return True

    def __len__(self) -> int:
        return self._count

    def _grow(self) -> None:
        larger = _empty(2 * len(self._table))
        for value in self._table:
            if value:
                _insert(larger, value)
        self._table = larger


def _empty(size: int) -> array[int]:
    return array("q", [0]) * size


def _insert(table: array[int], value: int) -> bool:
    """Put a value other than 0 (an empty slot) into the table; False where it is there."""
    last = len(table) - 1
    slot = value & last
    while held := table[slot]:
        if held == value:
            return False
        slot = (slot + 1) & last
    table[slot] = value
    return True
