"""Parts that describe themselves, and the registries that list them.

A part is a frozen dataclass: its fields are its settings, its class variables say what it needs.
Strategies, rewards, selections, stopping rules, difficulty methods and model backends are parts;
each kind has a base class of its own that adds what such a part does. All that `its` knows about a
part (validation, ceilings, tables of the docs, the schema, `its parts`) comes from the part.

A part of another package is found by an entry point in the group of its kind, such as
`its.strategies`; it needs no other registration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, dataclass
from enum import StrEnum
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, TypeVar


class Need(StrEnum):
    """What a part cannot work without; the value is how people read it."""

    REWARD = "a reward"
    PROCESS_REWARD = "a reward that scores unfinished solutions"
    CONTINUATION = "a model that continues a partial answer"
    TOKEN_PROBABILITIES = "token probabilities"
    TEXT_PROBABILITIES = "probabilities of given texts"
    SANDBOX = "the sandbox (bubblewrap)"


@dataclass(frozen=True, slots=True)
class Part:
    """Base of every part.

    `name` is what a pipeline file calls it; `needs` what it cannot work without; `independent`
    whether its samples do not depend on each other; `shows_all` whether one of its prompts may
    hold every candidate at once.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    name: ClassVar[str]
    needs: ClassVar[frozenset[Need]] = frozenset()
    independent: ClassVar[bool] = False
    shows_all: ClassVar[bool] = False

    def needed(self) -> frozenset[Need]:
        """What it needs with these settings."""
        return self.needs

    @classmethod
    def summary(cls) -> str:
        """The first paragraph of its documentation, on one line."""
        return " ".join((cls.__doc__ or "").split("\n\n")[0].split())


def setting_key(field: Field[Any]) -> str:
    """What a pipeline file calls a setting: its field's name, or the `key` of its metadata."""
    return str(field.metadata.get("key", field.name))


P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class RegistryEntry(Generic[P]):
    """A part and where it comes from: `its`, or a distribution with its version."""

    part: type[P]
    origin: str


class Registry(Mapping[str, type[P]], Generic[P]):
    """The parts of one kind by name: those shipped, then those of other packages.

    A foreign part that cannot be imported, is no part of this kind or takes a name in use is left
    out; `problems` says so, one sentence each.
    """

    def __init__(self, kind: str, base: type[P], group: str, shipped: Iterable[type[P]]) -> None:
        self.kind = kind
        self.group = group
        self._base = base
        self._shipped = {part.name: RegistryEntry(part, "its") for part in shipped}
        self._problems: list[str] = []

    def __getitem__(self, name: str) -> type[P]:
        return self.entries[name].part

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def entries(self) -> dict[str, RegistryEntry[P]]:
        """Every part with its origin. Foreign packages are imported on the first use."""
        found = dict(self._shipped)
        for point in sorted(entry_points(group=self.group), key=lambda point: point.name):
            origin = _origin(point)
            try:
                found.setdefault(point.name, RegistryEntry(self._load(point, found), origin))
            except Exception as error:  # whatever a foreign module raises costs only itself
                reason = " ".join(str(error).split()) or type(error).__name__
                self._problems.append(
                    f"{self.kind} {point.name!r} of {origin} is left out: {reason}; "
                    "update or uninstall that package"
                )
        return found

    @property
    def problems(self) -> tuple[str, ...]:
        """Why foreign parts were left out."""
        _ = self.entries
        return tuple(self._problems)

    def _load(self, point: EntryPoint, found: Mapping[str, RegistryEntry[P]]) -> type[P]:
        part = point.load()
        if not (isinstance(part, type) and issubclass(part, self._base)):
            raise TypeError(f"{point.value} is no subclass of its.{self._base.__name__}")
        if getattr(part, "name", None) != point.name:
            raise TypeError(f"{point.value} has the name {getattr(part, 'name', None)!r}")
        if point.name in found:
            raise TypeError("the name is taken")
        return part


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
