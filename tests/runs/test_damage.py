"""Whatever is damaged, a command ends with a sentence and the right exit code, never a traceback.

`python -m tests.runs.damage` tries twenty thousand mutations.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.runs.damage import KINDS
from tests.runs.forked import forked

TRIES = {"input": 500, "configuration": 300, "replies": 500, "run directory": 60}


@pytest.mark.parametrize("name", KINDS)
def test_damage_is_met_with_a_sentence(name: str, tmp_path: Path) -> None:
    kind, _ = KINDS[name]
    with forked() as its:
        tally = kind(its, Random(name), TRIES[name], tmp_path)
    assert not tally.faults
    assert tally.tries >= TRIES[name]
