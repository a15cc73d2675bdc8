"""What reading an input has shown so far: for reporting to the user how it was understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from its.problems.field_names import Mapping

MOST_NAMES = 64


@dataclass(slots=True)
class Findings:
    """`mappings` counts the problems of each way of reading; `unsent` the fields that stay out of
    the question; `fewest` and `most` are the numbers of choices; `named` counts the ways in which
    references name one; `formats` are what the sources were recognised as."""

    mappings: Counter[Mapping] = field(default_factory=Counter)
    unsent: Counter[str] = field(default_factory=Counter)
    fewest: int = 0
    most: int = 0
    formats: list[str] = field(default_factory=list)
    named: Counter[str] = field(default_factory=Counter)

    def add(self, mapping: Mapping, choices: int, unsent: Iterable[str]) -> None:
        self.mappings[mapping] += 1
        if choices:
            self.fewest = min(self.fewest or choices, choices)
            self.most = max(self.most, choices)
        for name in unsent:
            if name in self.unsent or len(self.unsent) < MOST_NAMES:
                self.unsent[name] += 1
