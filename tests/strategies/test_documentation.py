"""docs/strategies.md names every strategy, every setting and every default."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from its.strategies import STRATEGIES
from its.strategies.steps import StepSearch

TEXT = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text("utf-8")
COMMON = {field.name: field.default for field in dataclasses.fields(StepSearch)}


def settings_in(section: str) -> dict[str, str]:
    """Setting to default, as the tables of a section give them."""
    return dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \| .+ \|$", section, re.MULTILINE))


def shown(default: Any) -> str:
    match default:
        case None:
            return "none"
        case bool():
            return str(default).lower()
        case tuple():
            return f"[{', '.join(default)}]"
        case "" | "\n\n":
            return f'"{default}"'.replace("\n", "\\n")
        case _:
            return str(default)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    kind = STRATEGIES[name]
    section = TEXT.split(f"\n## `{name}`\n")[1].split("\n#")[0]
    expected = {field.name: shown(field.default) for field in dataclasses.fields(kind)}
    if issubclass(kind, StepSearch):
        expected = {name: value for name, value in expected.items() if name not in COMMON}
    assert settings_in(section) == expected


def test_the_settings_that_step_searches_share_are_documented() -> None:
    section = TEXT.split("Four settings are common")[1].split("\n## ")[0]
    assert settings_in(section) == {name: shown(value) for name, value in COMMON.items()}


def test_no_strategy_is_documented_that_does_not_exist() -> None:
    assert set(re.findall(r"^## `(\w+)`$", TEXT, re.MULTILINE)) == set(STRATEGIES)
