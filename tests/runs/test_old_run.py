"""A run directory that version 0.1.0 wrote is still read."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson

from tests.cli.process import its

OLD = Path(__file__).parent / "data" / "run-0.1"


async def test_a_problem_of_it_is_explained(tmp_path: Path) -> None:
    run = shutil.copytree(OLD, tmp_path / "old")
    rows = [orjson.loads(line) for line in (run / "solutions.jsonl").read_bytes().splitlines()]
    assert len(rows) == 6
    ended = await its("explain", "--run", "old", "--id", rows[0]["id"], cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert f"Answer      {rows[0]['answer']}" in ended.out.decode()


async def test_its_curve_is_drawn(tmp_path: Path) -> None:
    run = shutil.copytree(OLD, tmp_path / "old")
    problems = OLD.with_name("run-0.1-problems.jsonl")
    ended = await its("curve", run, "--allow-biased", "--problems", problems, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert b"vote" in ended.out
