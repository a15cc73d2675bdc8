"""What another package can bring, and what is left out with a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import pytest

from its.allocation import STOP_RULES
from its.allocation.stopping import NoStop, StoppingRule
from its.parts import Registry


@dataclass(frozen=True, slots=True)
class AfterTwo(StoppingRule):
    """Stops after two samples."""

    name = "after_two"

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Impostor(StoppingRule):
    """Takes a name in use."""

    name = "none"

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        return 0


Points = Callable[..., Registry[StoppingRule]]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Points:
    def make(**points: str) -> Registry[StoppingRule]:
        found = [
            EntryPoint(name, f"tests.library.test_registry:{value}", "its.stopping_rules")
            for name, value in points.items()
        ]
        monkeypatch.setattr("its.parts.entry_points", lambda group: found)
        return Registry("stopping rule", StoppingRule, "its.stopping_rules", (NoStop,))

    return make


def test_a_part_of_another_package_stands_beside_the_shipped_ones(registry: Points) -> None:
    rules = registry(after_two="AfterTwo")
    assert dict(rules) == {"none": NoStop, "after_two": AfterTwo}
    assert rules.problems == ()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("none", "Impostor", "the name is taken"),
        ("other", "AfterTwo", "has the name 'after_two'"),
        ("function", "registry", "is no subclass of its.StoppingRule"),
        ("missing", "NoSuchThing", "NoSuchThing"),
    ],
)
def test_what_is_no_such_part_is_left_out(
    registry: Points, name: str, value: str, why: str
) -> None:
    rules = registry(**{name: value})
    assert dict(rules) == {"none": NoStop}
    (sentence,) = rules.problems
    assert why in sentence
    assert f"stopping rule {name!r}" in sentence


def test_every_shipped_part_knows_its_own_name() -> None:
    assert all(part.name == name for name, part in STOP_RULES.items())
    assert all(part.summary() for part in STOP_RULES.values())
