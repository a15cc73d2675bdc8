"""A run directory is trusted only as a whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.runs.command import SEARCH_RULES, compute_of, finish, its, rows_of, write_problems
from tests.servers.process import HostileProcess, hostile_process

FILES = ("run.json", "solutions.jsonl", "traces.jsonl", "compute.json", "journal.sqlite")


def solve(server: HostileProcess, problems: Path, run: Path, *more: str) -> tuple[int, str]:
    command = ("solve", str(problems), "-q", "-o", str(run), "-m", "loopback")
    chosen = () if "-c" in more else ("-c", "greedy")
    code, _, err = finish(its(*command, *chosen, "--base-url", server.url, *more))
    return code, err


@pytest.mark.parametrize("name", ["solutions.jsonl", "traces.jsonl", "journal.sqlite"])
def test_files_of_others_are_never_touched(name: str, tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", 2), tmp_path / "run"
    run.mkdir()
    (run / name).write_text("mine\n")
    with hostile_process({}) as server:
        code, err = solve(server, problems, run)
        assert code == 2
        assert f"{name} but no run.json" in err
        assert server.stats()["requests"] == 0
    assert (run / name).read_text() == "mine\n"
    assert sorted(path.name for path in run.iterdir() if path.name != ".lock") == [name]


@pytest.mark.parametrize("name", [*FILES, ".lock", "journal.sqlite-wal"])
def test_links_are_never_followed_for_writing(name: str, tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", 2), tmp_path / "run"
    run.mkdir()
    (tmp_path / "mine").write_text("mine\n")
    (run / name).symlink_to(tmp_path / "mine")
    with hostile_process({}) as server:
        code, err = solve(server, problems, run)
    assert code == 2
    assert f"{name} is a symbolic link" in err
    assert (tmp_path / "mine").read_text() == "mine\n"


@pytest.mark.parametrize("damage", ["missing", "empty", "noise", "page"])
def test_a_journal_that_cannot_be_believed_is_a_refusal(damage: str, tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", 3), tmp_path / "run"
    with hostile_process({"tokens": 8}) as server:
        assert solve(server, problems, run)[0] == 0
        rows, before = rows_of(run), server.stats()["requests"]
        journal = run / "journal.sqlite"
        if damage == "missing":
            journal.unlink()
        elif damage == "empty":
            journal.write_bytes(b"")
        else:
            content = bytearray(journal.read_bytes())
            start = 0 if damage == "noise" else 4096
            content[start : start + 1024] = b"\xff" * 1024
            journal.write_bytes(bytes(content))
        code, err = solve(server, problems, run)
        assert code == 2
        assert "is damaged" in err
        assert "its rebuild" in err
        assert "--fresh" in err
        assert err.count("\n") == 1
        assert rows_of(run) == rows
        assert server.stats()["requests"] == before
        code, err = solve(server, problems, run, "--fresh")
        assert code == 0, err


@pytest.mark.parametrize("preset", ["greedy", "adaptive", "thorough"])
def test_a_rebuilt_journal_holds_every_row_and_its_bill(preset: str, tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", 4), tmp_path / "run"
    with hostile_process({"tokens": 8}, SEARCH_RULES) as server:
        assert solve(server, problems, run, "-c", preset)[0] == 0
        rows, bill, before = rows_of(run), compute_of(run), server.stats()["requests"]
        (run / "journal.sqlite").unlink()
        code, _, err = finish(its("rebuild", str(run)))
        assert code == 0, err
        assert "the journal holds 4 rows" in err
        code, err = solve(server, problems, run, "-c", preset)
        assert code == 0, err
        assert server.stats()["requests"] == before
    assert rows_of(run) == sorted(rows, key=lambda row: int(row["index"]))
    for column in ("completions", "prompt_tokens", "completion_tokens"):
        spent = bill["totals"][column] - bill["unattributed"][column]
        assert compute_of(run)["totals"][column] == spent


def test_a_journal_that_another_run_left_confirms_nothing(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "p.jsonl", 2)
    with hostile_process({"tokens": 8}) as server:
        assert solve(server, problems, tmp_path / "a")[0] == 0
        assert solve(server, problems, tmp_path / "b", "--seed", "5")[0] == 0
        shutil.copy(tmp_path / "b" / "journal.sqlite", tmp_path / "a" / "journal.sqlite")
        code, err = solve(server, problems, tmp_path / "a")
    assert code == 2
    assert "belongs to another run" in err


def test_an_unexpected_exception_costs_one_problem_once(tmp_path: Path) -> None:
    problems, run = write_problems(tmp_path / "p.jsonl", 3), tmp_path / "run"
    patch = tmp_path / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(BREAKS)
    path = os.pathsep.join([str(patch), str(Path(__file__).parents[2] / "src")])
    with hostile_process({"tokens": 8}) as server:
        command = ("solve", str(problems), "-o", str(run), "-m", "loopback", "-c", "greedy")
        process = its(*command, "--base-url", server.url, PYTHONPATH=path)
        code, _, err = finish(process)
        assert code == 3, err
        by_id = {row["id"]: row for row in rows_of(run)}
        assert by_id["p1"]["status"] == "failed"
        assert "internal error: ValueError: " in by_id["p1"]["error"]
        assert "its/" in by_id["p1"]["error"]
        assert by_id["p1"]["usage"]["completions"] == 1, "what it had cost is in its row"
        assert by_id["p0"]["status"] == by_id["p2"]["status"] == "answered"
        before = server.stats()["requests"]
        code, _, err = finish(its(*command, "--base-url", server.url))
        assert code == 3, "the same version would only meet it again"
        assert server.stats()["requests"] == before
        with sqlite3.connect(run / "journal.sqlite") as journal:
            journal.execute("UPDATE decisions SET value='0.0.1' WHERE name='broken'")
        journal.close()
        code, _, err = finish(its(*command, "--base-url", server.url))
        assert code == 0, err
        assert server.stats()["requests"] == before, "its completion was in the journal"


BREAKS = """
import its.pipeline.solving as solving
right = solving.Solver._with_selection
async def wrong(self, solution, problem, attempt, selection):
    if problem.id == "p1":
        int("9" * 5000)
    return await right(self, solution, problem, attempt, selection)
solving.Solver._with_selection = wrong
"""
