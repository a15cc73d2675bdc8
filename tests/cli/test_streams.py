"""Standard streams that are closed, full, slow or left, and signals at any moment: every row is
in the run directory, and the exit code says what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.runs.command import clean_environment, its, rows_of, write_problems
from tests.servers.process import HostileProcess, hostile_process

ROWS = 400
"""Rows that a pipe does not hold."""


def command(server: HostileProcess, problems: Path, run: Path) -> list[str]:
    model = ("-m", "loopback", "--base-url", server.url, "-c", "greedy")
    return [sys.executable, "-m", "its", "solve", str(problems), *model, "-o", str(run)]


def shell(script: str, arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash with the command as "$@"."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}", "bash", *arguments],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that within a minute")


def finished_rows(run: Path) -> int:
    try:
        return (run / "solutions.jsonl").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ('"$@" >/dev/full', 2, b"standard output could not be written: No space left on device"),
        ('"$@" >&-', 0, b""),
        ('"$@" 2>&-', 0, b""),
        ('"$@" 2>/dev/full', 0, b""),
        ('"$@" <&- >&- 2>&-', 0, b""),
        ('"$@" 2>&1 >/dev/full | cat', 2, b""),
    ],
)
def test_a_stream_that_cannot_be_written_costs_no_row(
    script: str, code: int, said: bytes, tmp_path: Path
) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 60)
    with hostile_process({"tokens": 8}) as server:
        ended = shell(script, command(server, problems, tmp_path / "run"), tmp_path)
    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert len(rows_of(tmp_path / "run")) == 60


def test_a_reader_that_leaves_ends_the_run_with_141_and_the_rest_is_not_bought(
    tmp_path: Path,
) -> None:
    problems = write_problems(tmp_path / "p.jsonl", ROWS)
    with hostile_process({"tokens": 8, "seconds": 0.05, "slots": 8}) as server:
        ended = shell('"$@" | head -1', command(server, problems, tmp_path / "run"), tmp_path)
        assert server.stats()["completions"] < ROWS
    assert ended.returncode == 141, ended.stderr
    assert ended.stdout.count(b"\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_reader_that_sleeps_slows_no_call_and_keeps_no_signal_out(
    number: signal.Signals, tmp_path: Path
) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", ROWS), tmp_path / "run"
    with hostile_process({"tokens": 8}) as server:
        arguments = command(server, problems, run)
        process = its(*arguments[3:])
        try:
            wait_for(lambda: finished_rows(run) == ROWS)
            assert process.poll() is None
            process.send_signal(number)
            assert process.wait(timeout=20) == 130
        finally:
            process.kill()
            process.communicate()


def test_a_reader_that_wakes_up_gets_every_row(tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", ROWS), tmp_path / "run"
    with hostile_process({"tokens": 8}) as server:
        process = its(*command(server, problems, run)[3:], "-q")
        wait_for(lambda: finished_rows(run) == ROWS)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert sorted(out.splitlines()) == sorted((run / "solutions.jsonl").read_bytes().splitlines())


def test_an_interruption_in_the_first_moments_is_quiet(tmp_path: Path) -> None:
    """From the moment that the program's own first line runs."""
    environment = clean_environment() | {"PYTHONUNBUFFERED": "1"}
    for delay in (0.04, 0.08, 0.12, 0.2, 0.4, 0.8):
        process = subprocess.Popen(
            [sys.executable, "-c", STARTED, "its", "check", "nothing"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.read(1) == b"."
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert b"Traceback" not in err
        assert process.returncode in (130, 2)


STARTED = """
import signal
from its.__main__ import main
first = signal.signal
def told(number, action):
    first(number, action)
    if number == signal.SIGINT:
        import os
        os.write(1, b".")
signal.signal = told
main()
"""
"""Says when the first handler stands, so that the test meets the moments after it."""


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {
            "LC_ALL": "POSIX",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "PYTHONIOENCODING": "ascii",
        },
    ],
)
def test_a_locale_of_ascii_alone_changes_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    problems = tmp_path / "é文.jsonl"
    problems.write_text('{"id": "ü文", "question": "Wie groß ist ½?"}\n', "utf-8")
    with hostile_process({"tokens": 8}) as server:
        arguments = command(server, problems, tmp_path / "run")[3:]
        process = its(*arguments, cwd=None, **environment)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert rows_of(tmp_path / "run")[0]["id"] == "ü文"


@pytest.mark.parametrize("place", [["solve", "{}"], ["explain", "{}"], ["check", "-m", "{}"]])
def test_bytes_that_are_no_utf8_are_refused_with_a_sentence(
    place: list[str], tmp_path: Path
) -> None:
    given: list[Any] = [
        os.fsencode(part.replace("{}", "a")) + b"\xff" * ("{}" in part) for part in place
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "its", *given],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"is not valid UTF-8" in ended.stderr
    assert ended.stderr.count(b"\n") == 1
