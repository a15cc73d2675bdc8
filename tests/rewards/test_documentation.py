"""docs/rewards.md and docs/selection.md name every reward, selector, setting and default."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from its.parts import Part, Registry, setting_key
from its.rewards import REWARDS
from its.selection import SELECTORS

DOCS = Path(__file__).parents[2] / "docs"
PARTS = [
    *((DOCS / "rewards.md", name, part) for name, part in REWARDS.items()),
    *((DOCS / "selection.md", name, part) for name, part in SELECTORS.items()),
]


def shown(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return str(field.default_factory())
    match field.default:
        case dataclasses.MISSING:
            return "required"
        case bool(value):
            return str(value).lower()
        case ():
            return "[]"
        case "":
            return '""'
        case value:
            return str(value)


@pytest.mark.parametrize(("file", "name", "part"), PARTS, ids=lambda value: str(value)[-20:])
def test_every_setting_is_documented_with_its_default(
    file: Path, name: str, part: type[Part]
) -> None:
    section = file.read_text("utf-8").split(f"\n## `{name}`\n")[1].split("\n#")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| `?(.*?)`? \| .+ \|$", section, re.MULTILINE))
    assert documented == {setting_key(field): shown(field) for field in dataclasses.fields(part)}


@pytest.mark.parametrize(("file", "registry"), [("rewards", REWARDS), ("selection", SELECTORS)])
def test_nothing_is_documented_that_does_not_exist(file: str, registry: Registry[Part]) -> None:
    text = (DOCS / f"{file}.md").read_text("utf-8")
    assert set(re.findall(r"^## `(\w+)`$", text, re.MULTILINE)) == set(registry)
