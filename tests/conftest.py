"""Which tests are slow: all that start processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# The trainer is no part of the package. Last, so that the installed package is what is tested.
sys.path.append(str(ROOT.parent / "src"))
PROCESS_TESTS = (
    "cli",
    "runs",
    "verifiers",
    "pipeline/test_thorough.py",
    "problems/test_command.py",
    "embedded/test_embedded_elsewhere.py",
    "local/test_running.py",
    "local/test_real_model.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(ROOT).as_posix()
        if place.startswith(PROCESS_TESTS):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered from one test to the next, nor read from the user's own folders."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
