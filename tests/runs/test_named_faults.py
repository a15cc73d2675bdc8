"""Faults on purpose at named points: kills cost the calls in flight, failing writes end cleanly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runs.command import decided, rows_of, write_problems
from tests.runs.forked import Ended, Forked, forked
from tests.runs.kills import BEHAVIOUR, CONFIGURATIONS, RULES, kill_through
from tests.servers.process import HostileProcess, hostile_process

KILLS = 19
"""Kills of each configuration: 209 in all. `python -m tests.runs.kills` kills a thousand times."""


@pytest.fixture(scope="module")
def its() -> Iterator[Forked]:
    with forked() as started:
        yield started


@pytest.fixture(scope="module")
def server() -> Iterator[HostileProcess]:
    with hostile_process(BEHAVIOUR, RULES) as started:
        yield started


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_kills_lose_nothing_and_cost_only_the_calls_in_flight(
    name: str, its: Forked, server: HostileProcess
) -> None:
    outcome = kill_through(name, its, server, KILLS, seed=7)
    assert outcome.clean, outcome
    assert outcome.kills == KILLS


@pytest.mark.parametrize("kind", ["full", "io", "short"])
def test_a_write_that_fails_ends_the_run_cleanly_and_it_resumes(
    kind: str, its: Forked, server: HostileProcess, tmp_path: Path
) -> None:
    """Every eighth write of a small run; with ITS_EVERY_WRITE in the environment, every one."""
    problems = write_problems(tmp_path / "p.jsonl", 3)
    model = ("-m", "loopback", "--base-url", server.url, "-c", "greedy", "-q")

    def solve(run: Path, fault: str = "") -> Ended:
        cache = {"XDG_CACHE_HOME": f"{run}-cache"}
        return its.its("solve", problems, "-o", run, *model, fault=fault, environment=cache)

    assert solve(tmp_path / "whole").code == 0
    right = decided(rows_of(tmp_path / "whole"))
    number, failures, unharmed = len(kind), 0, 0
    while unharmed < 2:
        run, fault = tmp_path / f"run-{number}", f"{kind}:write:{number}"
        ended = solve(run, fault)
        assert ended.code in (0, 2), (fault, ended.err)
        assert "Traceback" not in ended.err
        assert ended.err.count("\n") == (ended.code == 2), (fault, ended.err)
        failures += ended.code == 2
        unharmed = 0 if ended.code == 2 else unharmed + 1
        ended = solve(run)
        assert ended.code == 0, (fault, ended.err)
        assert decided(rows_of(run)) == right, fault
        number += 1 if "ITS_EVERY_WRITE" in os.environ else 8
    assert failures >= 3
