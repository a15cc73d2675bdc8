"""What a user can write is documented, and what the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from its.allocation import CUTTING_RULES, DIFFICULTIES, STOP_RULES
from its.pipeline.load import load_pipeline, preset_names
from its.rewards import REWARDS
from its.selection import SELECTORS
from its.strategies import STRATEGIES
from tests.docs.reference import PAGE, reference

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_configuration_page_is_what_the_schema_says() -> None:
    assert PAGE.read_text() == reference(), "run python -m tests.docs.reference"


@pytest.mark.parametrize(
    ("page", "registry"),
    [
        ("strategies", STRATEGIES),
        ("rewards", REWARDS),
        ("selection", SELECTORS),
        ("allocation", DIFFICULTIES),
        ("allocation", STOP_RULES),
        ("allocation", CUTTING_RULES),
    ],
)
def test_every_part_stands_on_its_page(page: str, registry: dict[str, type]) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    missing = [name for name in registry if f"`{name}`" not in text]
    assert not missing


def test_every_preset_is_valid_and_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for name in preset_names():
        load_pipeline(name)
        assert f"`{name}`" in readme


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_part_says_what_it_is() -> None:
    for registry in (STRATEGIES, REWARDS, SELECTORS, DIFFICULTIES, STOP_RULES, CUTTING_RULES):
        for name, part in registry.items():
            assert part.__doc__, name
