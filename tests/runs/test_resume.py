"""The same command resumes, and no interruption or concurrency changes a result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest

from tests.runs.command import (
    SEARCH_RULES,
    clean_environment,
    compute_of,
    decided,
    finish,
    its,
    rows_of,
    write_problems,
)
from tests.runs.test_faults import agrees_with_endpoint, sums_agree
from tests.servers.process import HostileProcess, hostile_process

SLOW = {"seconds": 0.05, "sigma": 0.5, "slots": 8, "tokens": 12, "dialect": {"n": "ignored"}}


def arguments(problems: Path, run: Path, server: HostileProcess, *more: str) -> list[str]:
    command = ["solve", str(problems), "-q", "-o", str(run), "-m", "loopback"]
    return [*command, "--base-url", server.url, *more]


@pytest.mark.slow
def test_concurrency_changes_no_result(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 12)
    with hostile_process({"seconds": 0.005, "sigma": 1.0, "tokens": 12}, SEARCH_RULES) as server:
        for name, concurrency in (("one", "1"), ("many", "50")):
            call = arguments(problems, tmp_path / name, server, "--concurrency", concurrency)
            code, _, err = finish(its(*call))
            assert code == 0, err
    assert decided(rows_of(tmp_path / "one")) == decided(rows_of(tmp_path / "many"))


def test_a_finished_run_sends_nothing_and_emits_its_rows_again(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 8)
    with hostile_process({"tokens": 8}) as server:
        call = arguments(problems, tmp_path / "run", server, "-c", "greedy", "--ordered")
        code, first, err = finish(its(*call))
        assert code == 0, err
        requests = server.stats()["requests"]
        code, second, _ = finish(its(*call))
        assert code == 0
        assert server.stats()["requests"] == requests
    assert first == second
    assert len(first.splitlines()) == 8


def test_a_line_added_to_the_input_costs_only_itself(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 8)
    with hostile_process({"tokens": 8}) as server:
        call = arguments(problems, tmp_path / "run", server, "-c", "greedy")
        assert finish(its(*call))[0] == 0
        before = server.stats()["completions"]
        extra = b'{"id": "new", "question": "What is 5 + 5?"}\n'
        problems.write_bytes(extra + problems.read_bytes())
        assert finish(its(*call))[0] == 0
        assert server.stats()["completions"] == before + 1
        sums_agree(tmp_path / "run")


def test_a_changed_setting_is_refused_with_the_difference(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 2)
    run = tmp_path / "run"
    with hostile_process({"tokens": 8}) as server:
        call = arguments(problems, run, server, "-c", "self_consistency")
        assert finish(its(*call))[0] == 0
        code, _, err = finish(its(*call, "--set", "stages.0.n=3"))
        assert code == 2
        assert "stages.0.n: 16 → 3" in err
        faster = ("--concurrency", "3", "--set", "model.timeout.total=5")
        assert finish(its(*call, *faster))[0] == 0, "what changes no result is no other run"
        assert finish(its(*call, "--set", "stages.0.n=3", "--fresh"))[0] == 0
        assert (tmp_path / "run-2" / "solutions.jsonl").exists()


def test_ctrl_c_drains_and_the_same_command_finishes_the_run(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 40)
    run = tmp_path / "run"
    with hostile_process(SLOW, SEARCH_RULES) as server:
        call = arguments(problems, run, server, "--concurrency", "8")
        process = its(*call)
        wait_for_work(server)
        time.sleep(0.4)
        os.kill(process.pid, signal.SIGINT)
        code, _, err = finish(process, timeout=20)
        assert code == 130, err
        accounts = compute_of(run)["totals"]
        assert accounts["cancelled"] == 0, "calls in flight were let end"
        agrees_with_endpoint(run, server)
        assert orjson.loads((run / "run.json").read_bytes())["state"] == "interrupted"
        code, _, err = finish(its(*call))
        assert code == 0, err
        agrees_with_endpoint(run, server)
        sums_agree(run)
    assert len(rows_of(run)) == 40


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 40)
    with hostile_process({"tokens": 8, "seconds": 2.0}) as server:
        call = arguments(problems, tmp_path / "run", server, "-c", "greedy", "--concurrency", "4")
        process = its(*call)
        while server.stats()["in_flight"] < 4 or not (tmp_path / "run" / "traces.jsonl").exists():
            time.sleep(0.05)
        while server.stats()["completions"] < 12:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None, "it waits for the calls in flight"
        os.kill(process.pid, signal.SIGINT)
        assert finish(process, timeout=10)[0] == 130
    assert compute_of(tmp_path / "run")["totals"]["cancelled"] > 0


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 4)
    with hostile_process({"faults": {"hang": 1.0}}) as server:
        call = arguments(problems, tmp_path / "run", server, "-c", "greedy")
        first = its(*call)
        while server.stats()["requests"] == 0:
            time.sleep(0.05)
        code, _, err = finish(its(*call))
        assert code == 2
        assert "another process" in err
        os.kill(first.pid, signal.SIGKILL)
        finish(first)


def test_a_reader_that_leaves_stops_the_spending_quietly(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 400)
    with hostile_process(SLOW) as server:
        call = arguments(problems, tmp_path / "run", server, "-c", "greedy", "--concurrency", "8")
        process = its(*call)
        assert process.stdout is not None
        for _ in range(3):
            orjson.loads(process.stdout.readline())
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr is not None
        assert process.stderr.read() == b""
        process.stderr.close()
        assert server.stats()["completions"] < 100


def test_problems_stream_through_a_pipe(tmp_path: Path) -> None:
    """An answer comes while the writer still holds the pipe open."""
    with hostile_process({"tokens": 8}) as server:
        command = ("solve", "-", "-q", "-m", "loopback", "--base-url", server.url, "-c", "greedy")
        with subprocess.Popen(
            [sys.executable, "-m", "its", *command],
            cwd=tmp_path,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for number in range(3):
                line = orjson.dumps({"id": str(number), "question": f"{number}+1"}) + b"\n"
                process.stdin.write(line)
                process.stdin.flush()
                assert orjson.loads(process.stdout.readline())["id"] == str(number)
            process.stdin.close()
            assert process.wait(timeout=20) == 0


def wait_for_work(server: HostileProcess) -> None:
    while server.stats()["completions"] < 12 and server.stats()["in_flight"] == 0:
        time.sleep(0.02)
