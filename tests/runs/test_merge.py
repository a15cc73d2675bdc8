"""Shards are runs of their own; merged, they are the run that one machine would have made."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

from its.cli.main import app
from its.errors import RunDirectoryError, UsageError
from its.problems import open_problems
from its.problems.sharding import Shard
from its.runs.merge import Merged, merge_runs
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

QUIET = {"tokens": 8, "seconds": 0.002, "dialect": {"n": "ignored"}}
SAMPLES = ("-c", "self_consistency", "--set", "stages.0.n=3")


def merge(*paths: Path, output: Path, partial: bool = False) -> Merged:
    return asyncio.run(merge_runs(paths, output, partial=partial))


def command(server: HostileProcess, source: Path | str, run: Path, *more: str) -> list[str]:
    model = ("-m", "loopback", "--base-url", server.url, "-q", "-o", str(run))
    return ["solve", str(source), *model, *(() if "-c" in more else SAMPLES), *more]


def solve(server: HostileProcess, source: Path | str, run: Path, *more: str) -> Path:
    """Run the command in this process, which saves its start."""
    assert app(command(server, source, run, *more), standalone_mode=False) in (0, 3)
    return run


def described(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "run.json").read_text())
    return found


def describe(run: Path, **fields: Any) -> None:
    (run / "run.json").write_text(json.dumps(described(run) | fields))


def contents(run: Path) -> dict[str, bytes]:
    names = ("solutions.jsonl", "traces.jsonl", "compute.json", "run.json", "journal.sqlite")
    return {name: (run / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def server() -> Iterator[HostileProcess]:
    with hostile_process(QUIET, SEARCH_RULES) as started:
        yield started


@pytest.fixture(scope="module")
def made(server: HostileProcess, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Both shards of twelve problems, to be copied by whoever changes them."""
    folder = tmp_path_factory.mktemp("made")
    problems = write_problems(folder / "p.jsonl", 12)
    return [
        solve(server, problems, folder / f"shard-{number}", "--shard", f"{number}/2")
        for number in (1, 2)
    ]


@pytest.fixture
def shards(made: list[Path], tmp_path: Path) -> list[Path]:
    return [Path(shutil.copytree(run, tmp_path / run.name)) for run in made]


@pytest.mark.parametrize(
    "pipeline",
    [
        ("-c", "thorough", "--budget", "12"),
        (*SAMPLES, "--baseline"),
        (
            "-c",
            "cascade",
            "--set",
            "models.large={name: loopback, base_url: URL, temperature: 0.3}",
        ),
    ],
)
def test_four_shards_merged_are_the_run_of_one_machine(
    server: HostileProcess, tmp_path: Path, pipeline: tuple[str, ...]
) -> None:
    pipeline = tuple(part.replace("URL", server.url) for part in pipeline)
    problems = write_problems(tmp_path / "p.jsonl", 16)
    whole = solve(server, problems, tmp_path / "whole", *pipeline)
    server.reset()
    runs = [
        solve(server, problems, tmp_path / f"s{number}", *pipeline, "--shard", f"{number}/4")
        for number in range(1, 5)
    ]
    merged = tmp_path / "merged"
    assert merge(*reversed(runs), output=merged).rows == 16
    assert decided(rows_of(merged)) == decided(rows_of(whole))
    assert [row["index"] for row in rows_of(merged)] == list(range(16))
    assert {event["problem"] for event in rows_of(merged, "traces")} == {
        row["id"] for row in rows_of(whole)
    }
    assert len(rows_of(merged, "traces")) == len(rows_of(whole, "traces"))
    sums_agree(merged)
    agrees_with_endpoint(merged, server)
    for column in ("calls", "completions", "prompt_tokens", "completion_tokens", "retries"):
        parts = sum(compute_of(run)["totals"][column] for run in runs)
        assert compute_of(merged)["totals"][column] == parts
        if column in ("calls", "completions"):
            probes = [compute_of(run)["unattributed"][column] for run in (*runs, whole)]
            assert parts - sum(probes[:4]) == compute_of(whole)["totals"][column] - probes[4]
    assert described(merged)["state"] == "finished"
    assert described(merged)["fingerprint"] == described(whole)["fingerprint"]

    requests = server.stats()["requests"]
    code, out, err = finish(its(*command(server, problems, merged, *pipeline)))
    assert code == 0, err
    assert len(out.splitlines()) == 16
    assert server.stats()["requests"] == requests, "the command without --shard buys nothing"
    merge(*runs, output=merged)
    assert decided(rows_of(merged)) == decided(rows_of(whole))


def test_merging_twice_makes_the_same_bytes(shards: list[Path], tmp_path: Path) -> None:
    before = [contents(run) for run in shards]
    merge(*shards, output=tmp_path / "out")
    once = contents(tmp_path / "out")
    merge(*reversed(shards), output=tmp_path / "out")
    assert contents(tmp_path / "out") == once
    assert [contents(run) for run in shards] == before, "the shards stay as they are"
    assert not (tmp_path / "out" / ".merge").exists()


def test_the_journal_knows_where_the_events_of_a_row_are(
    shards: list[Path], tmp_path: Path
) -> None:
    merge(*shards, output=tmp_path / "out")
    traces = (tmp_path / "out" / "traces.jsonl").read_bytes()
    with closing(sqlite3.connect(tmp_path / "out" / "journal.sqlite")) as journal:
        rows = journal.execute("SELECT id, trace_start, trace_length FROM solutions").fetchall()
    for id_, start, length in rows:
        events = [orjson.loads(line) for line in traces[start : start + length].splitlines()]
        assert {event["problem"] for event in events} == {id_}
        assert [event["seq"] for event in events] == list(range(len(events)))
    assert sum(length for _, _, length in rows) == len(traces)


def test_every_command_reads_a_merged_run(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, err = finish(its("merge", *map(str, shards), "-o", str(out)))
    assert code == 0, err
    assert "2 shards merged" in err
    assert "12 problems" in err
    for reading in (
        ("show", str(out), "--limit", "3"),
        ("explain", "--run", str(out), "--id", "p7"),
        ("report", str(out), "-o", str(tmp_path / "report.html")),
        ("curve", str(out)),
        ("compare", str(out), str(out)),
        ("grade", str(out)),
        ("rebuild", str(out)),
    ):
        assert not app(list(reading), standalone_mode=False), reading


def test_a_killed_shard_runs_again_and_is_merged(server: HostileProcess, tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 24)
    whole = solve(server, problems, tmp_path / "whole")
    with hostile_process(QUIET | {"seconds": 0.05, "slots": 4}, SEARCH_RULES) as slow:
        runs = [
            solve(slow, problems, tmp_path / "s1", "--shard", "1/2"),
            tmp_path / "s2",
        ]
        process = its(*command(slow, problems, runs[1], "--shard", "2/2"))
        until = time.monotonic() + 60
        while not (runs[1] / "solutions.jsonl").exists() or len(rows_of(runs[1])) < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert finish(process)[0] == -signal.SIGKILL
        with pytest.raises(RunDirectoryError, match=r"shard 2/2 in .*s2 is not finished; run"):
            merge(*runs, output=tmp_path / "out")
        assert not (tmp_path / "out").exists()
        found = merge(*runs, output=tmp_path / "out", partial=True)
        assert 12 < found.rows + (found.without_row or 0) <= 24
        assert [str(shard) for shard in found.unfinished] == ["2/2"]
        assert merge(*runs, output=tmp_path / "out", partial=True) == found
        assert described(tmp_path / "out")["state"] == "interrupted"
        gone_on = Path(shutil.copytree(tmp_path / "out", tmp_path / "gone on"))
        lost = compute_of(tmp_path / "out")["unattributed"]["calls"]
        assert lost > 0, "the calls that were in flight are in the accounts"

        solve(slow, problems, runs[1], "--shard", "2/2")
        assert merge(*runs, output=tmp_path / "out").rows == 24
        assert decided(rows_of(tmp_path / "out")) == decided(rows_of(whole))
        sums_agree(tmp_path / "out")

        solve(slow, problems, gone_on)
        assert decided(rows_of(gone_on)) == decided(rows_of(whole))
        with pytest.raises(RunDirectoryError, match="holds calls that these shards lack"):
            merge(*runs, output=gone_on)


def test_a_merge_that_is_killed_is_run_again(shards: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    merge(*shards, output=out)
    once = contents(out)
    kill = "import its.runs.merge as m, os; from pathlib import Path; import asyncio, sys;"
    kill += "put = Path.replace; n = [0]\n"
    kill += "def replace(self, target):\n"
    kill += "    n[0] += 'journal' not in str(target); n[0] > 4 and os.kill(os.getpid(), 9)\n"
    kill += "    return put(self, target)\n"
    kill += "Path.replace = replace\n"
    kill += "asyncio.run(m.merge_runs([Path(p) for p in sys.argv[2:]], Path(sys.argv[1])))"
    given = [sys.executable, "-c", kill, str(out), *map(str, shards)]
    killed = subprocess.run(given, env=clean_environment(), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert described(out)["state"] == "merging"
    for reading in (["grade", str(out)], ["rebuild", str(out)]):
        with pytest.raises(RunDirectoryError, match=r"broken off; run the same `its merge`"):
            app(reading, standalone_mode=False)
    merge(*shards, output=out)
    assert contents(out) == once


def test_a_changed_problem_of_another_shard_takes_the_place_of_the_old(
    server: HostileProcess, tmp_path: Path
) -> None:
    problems = tmp_path / "p.jsonl"

    def asks(id_: str, shard: str, version: str) -> bytes:
        """A question of this id that belongs to the shard."""
        for number in range(100):
            row = {"id": id_, "question": f"What is {number} + 1, in {version} words?"}
            problems.write_bytes(orjson.dumps(row) + b"\n")
            with open_problems(str(problems), shard=Shard.parse(shard)) as reader:
                if list(reader):
                    return problems.read_bytes()
        raise AssertionError("no question belongs to this shard")

    versions = [
        asks("a", "1/2", "old") + asks("b", "2/2", "old"),
        asks("a", "2/2", "new") + asks("b", "1/2", "new"),
    ]
    runs = [tmp_path / "s1", tmp_path / "s2"]
    for content in versions:
        problems.write_bytes(content)
        for number, run in enumerate(runs, 1):
            solve(server, problems, run, "--shard", f"{number}/2")
    assert [len(rows_of(run)) for run in runs] == [2, 2]
    merge(*runs, output=tmp_path / "out")
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows] == ["a", "b"]
    assert all("new" in row["question"] for row in rows)
    sums_agree(tmp_path / "out")


def test_shards_of_standard_input_and_of_several_files(
    server: HostileProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (write_problems(tmp_path / f"{name}.jsonl", 5) for name in "ab")
    both = (str(first), str(second))
    for number in ("1", "2"):
        more = (both[1], "--shard", f"{number}/2")
        solve(server, first, tmp_path / f"files-{number}", *more)
        process = subprocess.run(
            [
                *(sys.executable, "-m", "its", "solve", "-", "-m", "loopback", "-c", "greedy"),
                *("--base-url", server.url, "-q", "--shard", f"{number}/2"),
            ],
            input=first.read_bytes(),
            capture_output=True,
            check=False,
            env=clean_environment(),
            cwd=tmp_path,
        )
        assert process.returncode == 0, process.stderr
    files = [tmp_path / "files-1", tmp_path / "files-2"]
    assert merge(*files, output=tmp_path / "files").rows == 10
    streams = sorted((tmp_path / "runs").glob("stdin-*-shard-*-of-2"))
    assert len(streams) == 2
    monkeypatch.chdir(tmp_path)
    assert app(["merge", *map(str, streams)], standalone_mode=False) == 0
    (whole,) = (path for path in (tmp_path / "runs").iterdir() if path not in streams)
    assert [row["id"] for row in rows_of(whole)] == [f"p{number}" for number in range(5)]


def test_a_shard_may_be_empty(server: HostileProcess, tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 1)
    runs = [
        solve(server, problems, tmp_path / f"s{number}", "--shard", f"{number}/2")
        for number in (1, 2)
    ]
    assert sorted(len(rows_of(run)) for run in runs) == [0, 1]
    assert merge(*runs, output=tmp_path / "out").rows == 1


@pytest.mark.parametrize("more", [("--batch-budget", "9"), ("--set", "budget.batch=9")])
def test_one_budget_for_the_batch_is_refused(
    server: HostileProcess, tmp_path: Path, more: tuple[str, ...]
) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 2)
    with pytest.raises(UsageError, match="--shard and one budget for the batch"):
        solve(server, problems, tmp_path / "run", *more, "--shard", "1/2")
    assert not (tmp_path / "run").exists()


def test_a_directory_holds_one_shard_or_all(
    shards: list[Path], server: HostileProcess, tmp_path: Path
) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 12)
    for other in (("--shard", "2/2"), ("--shard", "1/4"), ()):
        with pytest.raises(RunDirectoryError, match="holds shard 1/2; use --shard 1/2, or choose"):
            solve(server, problems, shards[0], *other)
    whole = solve(server, problems, tmp_path / "whole")
    with pytest.raises(RunDirectoryError, match="holds a run of all problems; leave --shard out"):
        solve(server, problems, whole, "--shard", "1/2")


# --- what does not belong together ------------------------------------------------------------


def refused(*paths: Path, output: Path, said: str, partial: bool = False) -> None:
    with pytest.raises(RunDirectoryError, match=said) as caught:
        merge(*paths, output=output, partial=partial)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_refused(shards: list[Path], tmp_path: Path) -> None:
    refused(shards[1], output=tmp_path / "out", said=r"shard 1/2 is missing")
    assert not (tmp_path / "out").exists()
    found = merge(shards[1], output=tmp_path / "out", partial=True)
    assert [str(shard) for shard in found.missing] == ["1/2"]
    assert found.without_row == 12 - found.rows
    merge(*shards, output=tmp_path / "out")
    refused(shards[1], output=tmp_path / "out", said="these shards lack", partial=True)


def test_a_shard_that_is_given_twice_is_refused(shards: list[Path], tmp_path: Path) -> None:
    said = "both hold shard 1/2"
    refused(*shards, shards[0], output=tmp_path / "out", said=said)
    again = Path(shutil.copytree(shards[0], tmp_path / "again"))
    refused(*shards, again, output=tmp_path / "out", said=said)
    describe(again, shard="2/2")
    refused(shards[0], again, output=tmp_path / "out", said="holds the problem 'p")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"shard": "2/3"}, "parts of different divisions"),
        ({"fingerprint": "0" * 12}, "different settings"),
        ({"fingerprint": "0" * 12, "identity": {"seed": 5}}, r"seed: 0 → 5"),
        ({"version": "0.0.1"}, r"and 0\.0\.1; run"),
        ({"input": {"rows": 12, "digest": "ab"}}, "different problem files"),
        ({"state": "running"}, "not finished"),
        ({"input": None}, "not finished"),
        ({"shard": "5/2"}, "damaged"),
        ({"shard": None}, "a run of all problems"),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(
    shards: list[Path], tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    describe(shards[1], **fields)
    refused(*shards, output=tmp_path / "out", said=said)
    assert not (tmp_path / "out").exists()


def test_shards_of_different_commands_and_inputs_are_refused(
    shards: list[Path], server: HostileProcess, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    problems = write_problems(tmp_path / "p.jsonl", 12)
    seeded = solve(server, problems, tmp_path / "seed", "--seed", "7", "--shard", "2/2")
    refused(shards[0], seeded, output=out, said=r"different settings \(seed: 0 → 7\)")
    other = write_problems(tmp_path / "other.jsonl", 13)
    file = solve(server, other, tmp_path / "file", "--shard", "2/2")
    refused(shards[0], file, output=out, said="different problem files")
    whole = solve(server, problems, tmp_path / "whole")
    refused(*shards, whole, output=out, said="a run of all problems")
    merge(*shards, output=out)
    refused(shards[0], out, output=tmp_path / "more", said="a merged run")
    refused(*shards, tmp_path, output=tmp_path / "more", said=r"no run directory")
    refused(*shards, output=whole, said="a run that was not merged")
    refused(*shards, output=shards[0], said="holds shard 1/2")
    refused(*shards, output=problems, said="no directory")
    refused(*shards, output=tmp_path, said="directory of its own")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("journal.sqlite", b""),
        ("journal.sqlite", b"no database at all, but long enough to be one" * 100),
        ("journal.sqlite", None),
        ("traces.jsonl", b""),
        ("traces.jsonl", b"x" * 1_000_000),
        ("traces.jsonl", None),
        ("run.json", b"{"),
    ],
)
def test_a_damaged_shard_is_refused(
    shards: list[Path], tmp_path: Path, name: str, damage: bytes | None
) -> None:
    if damage is None:
        (shards[1] / name).unlink()
    else:
        (shards[1] / name).write_bytes(damage)
    refused(*shards, output=tmp_path / "out", said=str(shards[1]))
    assert not (tmp_path / "out").exists()


def test_a_shard_that_is_being_written_is_refused(shards: list[Path], tmp_path: Path) -> None:
    with (shards[1] / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused(*shards, output=tmp_path / "out", said="another process")
