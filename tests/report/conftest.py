"""One browser for all tests of a page, and one real run for them to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.report.browsing import a_browser
from tests.runs.command import finish, its
from tests.servers.process import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PIPELINE = """
difficulty: {method: fixed, value: 10}
budget: {max: 30}
stages:
  - {strategy: self_consistency, n: 4}
  - {strategy: solution_search, expansions: 3}
  - {strategy: particle_filter, n: 2, reward: likelihood}
stop: {rule: none}
select: {method: weighted_vote, reward: likelihood}
models: {large: {name: "embedded:large-solver", temperature: 0.7, max_tokens: 768}}
cascade: {models: [large], threshold: 0.9, stages: [{strategy: greedy}]}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while it is open, its event loop counts as running."""
    with a_browser() as opened:
        yield opened


@pytest.fixture(scope="session")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the embedded models with searches, a cascade and failures."""
    place = tmp_path_factory.mktemp("real")
    lines = (ROOT / "samples" / "arithmetic.jsonl").read_bytes().splitlines()
    unasked = orjson.dumps({"id": "unasked"})
    (place / "p.jsonl").write_bytes(
        b"\n".join([*lines[:4], *lines[-4:], b"not json", unasked, b""])
    )
    (place / "search.yaml").write_text(PIPELINE)
    asked = ("p.jsonl", "-c", "search.yaml", "--baseline", "-o", "run", "-q")
    code, _, err = finish(its("solve", *asked, cwd=place), timeout=280)
    assert code == 3, err
    return place / "run"


@pytest.fixture(scope="session")
def real_report(real_run: Path) -> Path:
    code, _, err = finish(its("report", "run", cwd=real_run.parent))
    assert code == 0, err
    assert "report.html" in err
    return real_run / "report.html"
