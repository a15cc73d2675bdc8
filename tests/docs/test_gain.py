"""The figures in the README are those of the recorded samples."""

from pathlib import Path

import pytest

from tests.benchmarks.gain import POOLS, measured, table

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.slow
def test_the_readme_says_what_the_recorded_samples_give() -> None:
    readme = README.read_text().splitlines()
    found = list(measured(POOLS))
    assert found
    for title, _, lines in found:
        assert f"**{title}**" in "\n".join(readme)
        missing = [row for row in table(lines) if row not in readme]
        assert not missing, "run python -m tests.benchmarks.gain"
