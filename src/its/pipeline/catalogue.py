"""Every part there is, described by what it says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from its.allocation import CUTTING_RULES, DIFFICULTIES, STOP_RULES
from its.models.backends import BACKENDS
from its.parts import Part, Registry, setting_key
from its.rewards import REWARDS
from its.selection import SELECTORS
from its.strategies import STRATEGIES
from its.strategies.protocol import Strategy

REGISTRIES: dict[str, Registry[Any]] = {
    "strategy": STRATEGIES,
    "reward": REWARDS,
    "selection": SELECTORS,
    "stopping": STOP_RULES,
    "cutting": CUTTING_RULES,
    "difficulty": DIFFICULTIES,
    "model": BACKENDS,
}
"""The registries by the word that people use for their parts."""


@dataclass(frozen=True, slots=True)
class Description:
    """A part in plain data. `completions` are the least and the most that a strategy uses with its
    defaults (None: only its budget bounds it), None for every other part."""

    kind: str
    name: str
    summary: str
    needs: tuple[str, ...]
    independent: bool
    shows_all: bool
    completions: tuple[int, int | None] | None
    settings: dict[str, Any]
    origin: str


def kinds() -> list[str]:
    return list(REGISTRIES)


def catalogue() -> Iterator[Description]:
    """Every part, by kind and name."""
    for kind, registry in REGISTRIES.items():
        for name, entry in sorted(registry.entries.items()):
            yield describe(kind, name, entry.part, entry.origin)


def describe(kind: str, name: str, part: type[Part], origin: str) -> Description:
    """A part by its class. A setting without a default is shown as None."""
    settings = {
        setting_key(field): None if field.default is dataclasses.MISSING else field.default
        for field in dataclasses.fields(part)
        if field.init
    }
    completions = None
    if issubclass(part, Strategy):
        completions = (part.least, part().most_completions(1))
    return Description(
        kind,
        name,
        part.summary(),
        tuple(sorted(part.needs)),
        part.independent,
        part.shows_all,
        completions,
        settings,
        origin,
    )


def problems() -> list[str]:
    """Why parts of other packages were left out, one sentence each."""
    return [sentence for registry in REGISTRIES.values() for sentence in registry.problems]
