"""Parts of an input for many machines: every problem is in one shard, by its content alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b

from its.errors import UsageError
from its.problems.problem import BadLine, Problem

_FORM = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """The `number`-th part (from 1) of `count`.

    A row belongs to a shard by the hash of its own id and of what it asks: on every machine the
    same, and whatever else is in the file. Rows that ask the same and have no id share a shard.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """`3/16`. Raises UsageError."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise UsageError(
                f"--shard {text!r} needs a number and how many there are: --shard 3/16"
            )
        number, count = map(int, found.groups())
        if not 1 <= number <= count:
            raise UsageError(
                f"--shard {text}: shards are numbered from 1 to their count (1/{max(count, 1)} is "
                "the first); add 1 to a number that counts from 0"
            )
        return cls(number, count)

    def holds(self, row: Problem | BadLine) -> bool:
        """Whether this row is one of the shard's."""
        alone = row if row.ordinal is None else replace(row, ordinal=0)
        return int.from_bytes(alone.key[:8], "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


class InputDigest:
    """What a whole input was: how many rows, and a hash of all that they ask and are graded by."""

    def __init__(self) -> None:
        self.rows = 0
        self._hash = blake2b(digest_size=16)

    def add(self, row: Problem | BadLine) -> None:
        self.rows += 1
        graded = (row.reference, row.verifier) if isinstance(row, Problem) else None
        self._hash.update(row.key)
        self._hash.update(repr((row.id, graded)).encode("utf-8", "surrogatepass"))

    @property
    def value(self) -> str:
        return self._hash.hexdigest()
