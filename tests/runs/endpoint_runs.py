"""Runs of `its` on an endpoint that a test has made up: exit code, rows, messages and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runs.command import compute_of, finish, its, rows_of, write_problems
from tests.runs.forked import Forked, forked
from tests.servers.odd import Asked, Counted, OddServer, says

ONE = ("-c", "greedy")
FOUR = ("-c", "self_consistency", "--set", "stages.0.n=4", "--set", "stop.rule=none")
Special = Callable[[Asked, Counted], bytes]


def solve(
    server: OddServer, folder: Path, *more: str, problems: int = 3, **environment: str
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, rows and messages of a run."""
    file = write_problems(folder / "problems.jsonl", problems)
    run = folder / "run"
    command = ("solve", str(file), "-q", "-o", str(run), "-m", "loopback")
    ended = its_of_this_page().its(
        *(*command, "--base-url", server.url, *more),
        environment={"XDG_CACHE_HOME": str(folder), **environment},
    )
    written = (run / "solutions.jsonl").exists()
    return ended.code, rows_of(run) if written else [], ended.err


_RUNNING: list[Forked] = []


@pytest.fixture(scope="module")
def forking() -> Iterator[None]:
    """One server that has loaded `its` and forks for every run of a page of tests."""
    with forked() as started:
        _RUNNING.append(started)
        yield
        _RUNNING.clear()


def its_of_this_page() -> Forked:
    return _RUNNING[0]


def after_probe(special: Special) -> Special:
    """An endpoint that is like any other while it is probed."""

    def writes(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted) if asked.probes else special(asked, counted)

    return writes


def charged(folder: Path) -> int:
    totals = compute_of(folder / "run")["totals"]
    return int(totals["prompt_tokens"]) + int(totals["completion_tokens"])


def statuses(rows: list[dict[str, Any]]) -> list[str]:
    return [row["status"] for row in sorted(rows, key=lambda row: row["index"])]


def bodies_so_far(counted: Counted) -> list[Asked]:
    return [asked for asked in counted.asked if not asked.probes]


def write_pipeline(folder: Path, model: str) -> str:
    path = folder / "pipeline.yaml"
    path.write_text(f"model:\n{model}\nstages: [{{strategy: greedy}}]\n")
    return str(path)


def run_pipeline(folder: Path, model: str, **environment: str) -> tuple[int, str]:
    file = write_problems(folder / "problems.jsonl", 2)
    config = write_pipeline(folder, model)
    run = folder / "run"
    process = its("solve", str(file), "-q", "-o", str(run), "-c", config, cwd=None, **environment)
    code, _, err = finish(process)
    return code, err
