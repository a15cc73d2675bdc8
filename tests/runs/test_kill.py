"""kill -9 at any moment loses at most the calls in flight."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from tests.runs.command import (
    SEARCH_RULES,
    compute_of,
    decided,
    finish,
    its,
    rows_of,
    write_problems,
)
from tests.servers.process import hostile_process

KILLS = 50
BEHAVIOUR = {"seconds": 0.03, "sigma": 0.5, "slots": 12, "tokens": 12, "dialect": {"n": "ignored"}}


def solve(problems: Path, run: Path, url: str) -> list[str]:
    return [
        *("solve", str(problems), "-q", "-o", str(run), "-c", "adaptive"),
        *("-m", "loopback", "--base-url", url, "--concurrency", "12"),
    ]


def lost_calls(run: Path) -> int:
    with contextlib.closing(sqlite3.connect(run / "journal.sqlite")) as journal:
        (lost,) = journal.execute("SELECT COUNT(*) FROM calls WHERE state='lost'").fetchone()
        return int(lost)


def probed(run: Path) -> bool:
    return b'"capabilities"' in (run / "run.json").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_kills_change_nothing_and_cost_only_the_calls_in_flight(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 60)
    moments = random.Random(7)
    with hostile_process(BEHAVIOUR, SEARCH_RULES) as server:
        code, _, err = finish(its(*solve(problems, tmp_path / "whole", server.url)))
        assert code == 0, err
        whole = server.stats()["completions"]

        server.reset()
        killed, run = 0, tmp_path / "killed"
        while killed < KILLS:
            process = its(*solve(problems, run, server.url))
            while server.stats()["in_flight"] == 0 or not probed(run):
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 0.25))
            assert process.poll() is None, "the run ended before it was killed often enough"
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            killed += 1
        code, _, err = finish(its(*solve(problems, run, server.url)))
        assert code == 0, err
        bought = server.stats()["completions"]

    assert decided(rows_of(run)) == decided(rows_of(tmp_path / "whole"))
    assert len(rows_of(run)) == 60
    assert whole <= bought <= whole + lost_calls(run)
    totals, solutions = compute_of(run), rows_of(run)
    for column in ("completions", "prompt_tokens", "completion_tokens"):
        in_rows = sum(row["usage"][column] for row in solutions)
        assert in_rows + totals["unattributed"][column] == totals["totals"][column]
