"""Which tests are slow: all that start processes of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
PROCESS_TESTS = (
    "cli",
    "runs",
    "verifiers",
    "pipeline/test_adaptive.py",
    "problems/test_command.py",
    "embedded/test_embedded_elsewhere.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        if place.startswith(PROCESS_TESTS):
            item.add_marker(pytest.mark.slow)
