"""docs/cli.md is complete: every command, option, file of a run and exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from its import errors
from its.cli.main import app
from tests.servers.process import ROOT

PAGE = (ROOT / "docs" / "cli.md").read_text()


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its name as it is typed, groups of commands included."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        for word, each in (inner or {}).items():
            yield from below(f"{name} {word}", each)

    yield from below("its", get_command(app))


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_option_of_a_command_stands_in_its_section(name: str) -> None:
    heading = f"## `{name}"
    assert heading in PAGE, f"docs/cli.md has no section {heading}...`"
    start = PAGE.index(heading)
    section = PAGE[start : PAGE.find("\n## ", start + 1)]
    parameters = dict(commands())[name].params
    for parameter in parameters:
        for option in parameter.opts:
            if option.startswith("-"):
                assert re.search(rf"`[^`\n]*{option}\b", section), f"{name} {option}"


def test_every_exit_code_is_documented() -> None:
    codes = {0, 3, 141} | {
        error.exit_code
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.ItsError)
    }
    for code in codes:
        assert f"| {code} |" in PAGE
