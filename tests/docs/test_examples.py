"""The code in the pages of the library runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / page).read_text("utf-8"), re.M | re.S)


EXAMPLES = [
    (page, n) for page in ("library.md", "writing-parts.md") for n in range(len(blocks(page)))
]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "number"), EXAMPLES)
def test_an_example_runs(page: str, number: int, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", blocks(page)[number]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def test_there_are_five_examples_of_the_library() -> None:
    assert len(blocks("library.md")) >= 5
