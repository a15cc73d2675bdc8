"""A run on a bad endpoint: everything is answered, and the accounts agree with the endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.command import (
    SEARCH_RULES,
    compute_of,
    finish,
    its,
    rows_of,
    write_problems,
)
from tests.servers.process import HostileProcess, hostile_process

FAULTS = {
    "429": 0.05,
    "429_seconds": 0.05,
    "500": 0.05,
    "reset": 0.03,
    "garbage": 0.02,
    "hang": 0.01,
}
IMPATIENT = ("--set", "model.timeout.first_token=2", "--set", "model.retries.first=0.05")


def run(server: HostileProcess, problems: Path, directory: Path, *more: str) -> tuple[int, str]:
    command = ("solve", str(problems), "-q", "-o", str(directory), "-m", "loopback")
    code, _, err = finish(its(*command, "--base-url", server.url, *IMPATIENT, *more))
    return code, err


def agrees_with_endpoint(directory: Path, server: HostileProcess) -> None:
    """Completions and tokens that were delivered are charged once, and nothing else is, but for
    what is marked as an estimate."""
    totals, truth = compute_of(directory)["totals"], server.stats()
    assert totals["completions"] == truth["completions"]
    counted = totals["prompt_tokens"] + totals["completion_tokens"] - totals["estimated"]
    assert counted == truth["prompt_tokens"] + truth["completion_tokens"]


def sums_agree(directory: Path) -> None:
    accounts, rows = compute_of(directory), rows_of(directory)
    for column in ("calls", "completions", "prompt_tokens", "completion_tokens"):
        total = accounts["totals"][column]
        in_rows = sum(row["usage"][column] for row in rows)
        assert in_rows + accounts["unattributed"][column] == total
        for part in ("by_stage", "by_strategy", "by_model"):
            assert sum(bill[column] for bill in accounts[part].values()) == total


@pytest.mark.slow
def test_one_call_in_five_fails_and_every_problem_is_answered(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 40)
    behaviour = {"faults": FAULTS, "tokens": 12, "retry_after": 0.2}
    with hostile_process(behaviour, SEARCH_RULES) as server:
        code, err = run(server, problems, tmp_path / "run")
        assert code == 0, err
        rows = rows_of(tmp_path / "run")
        assert {row["status"] for row in rows} == {"answered"}
        agrees_with_endpoint(tmp_path / "run", server)
        sums_agree(tmp_path / "run")
        accounts = compute_of(tmp_path / "run")["totals"]
        assert accounts["retries"] > 0
        assert accounts["failed_calls"] >= accounts["retries"]
        assert accounts["estimated"] > 0, "hangs and resets are estimates, and say so"


@pytest.mark.slow
def test_a_quiet_endpoint_needs_no_estimate(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 20)
    with hostile_process({"tokens": 12}, SEARCH_RULES) as server:
        code, err = run(server, problems, tmp_path / "run")
        assert code == 0, err
        agrees_with_endpoint(tmp_path / "run", server)
        sums_agree(tmp_path / "run")
        assert compute_of(tmp_path / "run")["totals"]["estimated"] == 0


def test_a_dead_endpoint_ends_the_run_with_4_after_a_bounded_number_of_failures(
    tmp_path: Path,
) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 500)
    with hostile_process({"faults": {"500": 1.0}}) as server:
        code, err = run(server, problems, tmp_path / "run", "--concurrency", "4")
        assert code == 4
        assert "500" in err
        assert server.stats()["requests"] < 100


def test_a_revoked_key_ends_the_run_with_4_and_the_same_command_resumes(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 30)
    directory = tmp_path / "run"
    with hostile_process({"key": "good"}) as server:
        command = ("solve", str(problems), "-q", "-o", str(directory), "-m", "loopback")
        arguments = (*command, "--base-url", server.url, "-c", "self_consistency")
        code, _, err = finish(its(*arguments, OPENAI_API_KEY="wrong-and-secret"))
        assert code == 4
        assert "wrong-and-secret" not in err
        code, _, err = finish(its(*arguments, OPENAI_API_KEY="good"))
        assert code == 0, err
    assert len(rows_of(directory)) == 30
    for path in directory.iterdir():
        assert b"wrong-and-secret" not in path.read_bytes(), path


def test_failed_rows_are_retried_and_finished_ones_never(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 30)
    directory, once = tmp_path / "run", ("--set", "model.retries.attempts=1")
    with hostile_process({"faults": {"500": 0.5}, "tokens": 8}) as server:
        arguments = ("-c", "greedy", *once, "--concurrency", "4")
        code, err = run(server, problems, directory, *arguments)
        assert code == 3, err
        first = {row["id"]: row for row in rows_of(directory)}
        failed = {name for name, row in first.items() if row["status"] == "failed"}
        assert 0 < len(failed) < 30
        before = server.stats()["requests"]
        for _ in range(12):
            code, err = run(server, problems, directory, *arguments)
            if code == 0:
                break
        assert code == 0, err
        assert server.stats()["requests"] - before < 30 * 12
        agrees_with_endpoint(directory, server)
        sums_agree(directory)
    rows = rows_of(directory)
    assert sorted(row["id"] for row in rows) == sorted(first)
    for row in rows:
        if row["id"] not in failed:
            assert row == first[row["id"]]
