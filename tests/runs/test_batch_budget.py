"""One budget for the whole batch: never exceeded, the same after any interruption."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.runs.command import compute_of, decided, finish, its, rows_of, write_problems
from tests.runs.test_faults import sums_agree
from tests.servers.process import HostileProcess, hostile_process

EASY_AND_HARD = (
    (r"What is [0-9] \+", (("Answer: 7", 1.0),)),
    (r"What is 1[0-9] \+", (("Answer: 7", 0.55), ("Answer: 8", 0.3), ("Answer: 9", 0.15))),
)
"""Ten problems on which the model is sure, ten on which it wavers, the rest hopeless."""


def solve(problems: Path, run: Path, server: HostileProcess, *more: str) -> list[str]:
    return [
        *("solve", str(problems), "-q", "-o", str(run), "-m", "loopback"),
        *("--base-url", server.url, "-c", "self_consistency"),
        *("--set", "stages.0.n=40", "--set", "budget.max=40", *more),
    ]


@pytest.mark.parametrize("amount", ["90", "4ktok"])
def test_the_total_is_never_exceeded_by_the_endpoints_count(tmp_path: Path, amount: str) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 30)
    with hostile_process({"tokens": 12, "dialect": {"n": "ignored"}}, EASY_AND_HARD) as server:
        code, _, err = finish(
            its(*solve(problems, tmp_path / "run", server), "--batch-budget", amount)
        )
        assert code in (0, 3), err
        truth, accounts = server.stats(), compute_of(tmp_path / "run")
        probe = accounts["by_stage"]["probe"]
    if amount == "90":
        assert truth["completions"] - probe["completions"] <= 90
        assert truth["completions"] - probe["completions"] >= 80, "and it is used"
    else:
        tokens = truth["prompt_tokens"] + truth["completion_tokens"]
        assert tokens - probe["prompt_tokens"] - probe["completion_tokens"] <= 4000
    sums_agree(tmp_path / "run")


def test_what_wavers_draws_more_than_what_is_sure(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 20)
    with hostile_process({"tokens": 12, "dialect": {"n": "ignored"}}, EASY_AND_HARD) as server:
        call = (*solve(problems, tmp_path / "run", server), "--batch-budget", "120")
        code, _, err = finish(its(*call))
        assert code == 0, err
    spent = {row["id"]: row["budget"]["spent"] for row in rows_of(tmp_path / "run")}
    sure = sum(spent[f"p{number}"] for number in range(10))
    wavering = sum(spent[f"p{number}"] for number in range(10, 20))
    assert wavering > 2 * sure


@pytest.mark.slow
def test_a_killed_run_grants_the_same_and_stays_within_the_total(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 30)
    behaviour = {"tokens": 12, "seconds": 0.03, "dialect": {"n": "ignored"}}
    with hostile_process(behaviour, EASY_AND_HARD) as server:
        whole = (*solve(problems, tmp_path / "whole", server), "--batch-budget", "150")
        assert finish(its(*whole))[0] == 0
        server.reset()
        call = (*solve(problems, tmp_path / "run", server), "--batch-budget", "150")
        for _ in range(4):
            process = its(*call)
            seen = server.stats()["completions"]
            while process.poll() is None and server.stats()["completions"] < seen + 20:
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        code, _, err = finish(its(*call))
        assert code == 0, err
    assert decided(rows_of(tmp_path / "run")) == decided(rows_of(tmp_path / "whole"))
    in_rows = sum(row["usage"]["completions"] for row in rows_of(tmp_path / "run"))
    assert in_rows <= 150
