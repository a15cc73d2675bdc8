"""Grading by a model as a user meets it: the commands, and a run that is killed while it grades."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import its, solve
from tests.runs.command import clean_environment, compute_of, rows_of
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.script import Ask

pytestmark = pytest.mark.slow

PROBLEMS = 6
SEEN = 3
ROWS: list[dict[str, Any]] = [
    {"id": f"r{i}", "question": f"Explain fact {i}.", "rubric": "It is about the fact."}
    for i in range(PROBLEMS)
]
FREE = {"id": "w", "question": "Which capital?", "answer": "Paris, France"}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


class Counted:
    """A script that counts what it solved and what it graded, and says when it has graded some."""

    def __init__(self) -> None:
        self.solved = 0
        self.graded = 0
        self.grades = asyncio.Event()

    def __call__(self, ask: Ask) -> str:
        if "Verdict: yes" in ask.prompt:
            self.graded += 1
            if self.graded == SEEN:
                self.grades.set()
            return "It is about the fact.\nVerdict: yes"
        self.solved += "fact" in ask.prompt or "capital" in ask.prompt
        return "Answer: Paris, the capital" if "capital" in ask.prompt else "A fact is a fact."


def grade_by(server: HostileServer, *more: str) -> tuple[str, ...]:
    settings = f"grade={{method: model, model: {{name: loopback, base_url: {server.url}}}}}"
    return ("--set", settings, *(part for one in more for part in ("--set", one)))


async def test_what_is_graded_by_a_model_is_said_and_billed(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", [*ROWS[:2], FREE])
    script = Counted()
    async with HostileServer(script=script) as server:
        dry = await solve(
            server, "p.jsonl", "-o", "run", "--dry-run", *grade_by(server), cwd=tmp_path
        )
        assert "Grading by loopback comes on top: at most 6 calls" in dry.out.decode()
        assert script.solved == script.graded == 0
        ended = await solve(server, "p.jsonl", "-o", "run", *grade_by(server), cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert "Grading, beside the total:" in ended.err
        assert [row["grading"]["by"] for row in ended.rows] == ["model"] * 3
        accounts = compute_of(tmp_path / "run")
        assert accounts["grading"]["completions"] == script.graded == 4
        assert accounts["totals"]["completions"] + accounts["grading"]["completions"] == (
            server.stats.completions
        )
        seen = script.graded
        again = await its("grade", "run", cwd=tmp_path)
        assert (again.code, again.rows) == (0, []), again.err
        assert "3 by model" in again.err
        told = await its("explain", "--run", "run", "--id", "r0", cwd=tmp_path)
        assert "by model: It is about the fact." in told.out.decode() + told.err
        assert script.graded == seen


async def test_a_run_that_is_killed_while_it_grades_pays_nothing_twice(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", ROWS)
    script = Counted()
    async with HostileServer(Behaviour(seconds=0.1), script) as server:
        command = ("p.jsonl", "-o", "run", *grade_by(server, "grade.model.concurrency=1"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "its", "solve", *command, "-c", "greedy"),
            *("-m", "loopback", "--base-url", server.url),
            cwd=tmp_path,
            env=clean_environment(),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            await script.grades.wait()
        process.kill()
        await process.wait()
        ended = await solve(server, *command, cwd=tmp_path)
        assert ended.code == 0, ended.err
        assert all(row["correct"] for row in rows_of(tmp_path / "run"))
        assert script.graded <= PROBLEMS + 1, "at most the one in flight is asked again"
        assert script.solved <= PROBLEMS + 1
