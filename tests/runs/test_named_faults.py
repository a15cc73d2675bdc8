"""Faults on purpose at named points: kills cost the calls in flight, failing writes end cleanly."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.runs.command import SEARCH_RULES, decided, finish, its, rows_of, write_problems
from tests.runs.kills import BEHAVIOUR, CONFIGURATIONS, FAULTY, kill_through
from tests.servers.process import hostile_process


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("configuration", list(CONFIGURATIONS))
def test_kills_at_named_points_lose_nothing(configuration: str, tmp_path: Path) -> None:
    with hostile_process(BEHAVIOUR, SEARCH_RULES) as server:
        outcome = kill_through(configuration, server, tmp_path, 5, random.Random(configuration))
    assert outcome.clean, outcome
    assert outcome.kills > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["full", "io", "short"])
def test_a_write_that_fails_ends_the_run_cleanly_and_it_resumes(kind: str, tmp_path: Path) -> None:
    """Some writes of a small run; ITS_EVERY_WRITE=1 in the environment takes each."""
    numbers = range(1, 120, 1 if "ITS_EVERY_WRITE" in os.environ else 17)
    problems = write_problems(tmp_path / "p.jsonl", 3)
    with hostile_process({"tokens": 8}) as server:
        model = ("-m", "loopback", "--base-url", server.url, "-c", "greedy", "-q")

        def solve(run: Path, **more: str) -> tuple[int, bytes, str]:
            return finish(its("solve", str(problems), "-o", str(run), *model, cwd=None, **more))

        assert solve(tmp_path / "whole")[0] == 0
        failures = 0
        for number in numbers:
            run = tmp_path / f"run-{number}"
            fault = f"{kind}:write:{number}"
            code, _, err = solve(run, ITS_FAULT=fault, PYTHONPATH=FAULTY)
            assert code in (0, 2), (fault, err)
            assert "Traceback" not in err
            assert "internal error" not in err
            failures += code == 2
            code, _, err = solve(run)
            assert code == 0, (fault, err)
            assert decided(rows_of(run)) == decided(rows_of(tmp_path / "whole")), fault
        assert failures
