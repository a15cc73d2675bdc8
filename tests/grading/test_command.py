"""`its grade`, and what `solve` and `curve` say of the same answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import its, solve
from tests.servers.hostile import HostileServer
from tests.servers.script import Ask
from tests.verifiers.needs import needs_sandbox

pytestmark = pytest.mark.slow

ROWS: list[dict[str, Any]] = [
    {"id": "a", "question": "One and one?", "answer": "2", "level": 1},
    {"id": "b", "question": "Two and two?", "answer": "5", "level": 1},
    {"id": "c", "question": "Three and three?", "level": 2},
    {"id": "d", "question": "Nobody knows?", "answer": "1", "level": 2},
]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


ASKED: list[str] = []
VOTE = ("-c", "self_consistency", "--set", "stages.0.n=1")


def answer(ask: Ask) -> str:
    ASKED.append(ask.prompt)
    said = {"One": "Answer: 2 apples", "Two": "Answer: 4", "Three": "Answer: 6"}
    return next((text for word, text in said.items() if word in ask.prompt), "I don't know.")


def solutions(run: Path) -> dict[str, dict[str, Any]]:
    lines = (run / "solutions.jsonl").read_text().splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


async def test_a_finished_run_is_graded_again_without_a_call(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", ROWS)
    async with HostileServer(script=answer) as server:
        first = await solve(server, "p.jsonl", "-o", "run", *VOTE, cwd=tmp_path)
        assert first.code == 3, "an unanswered problem is not answered"
        row = solutions(tmp_path / "run")["a"]
        assert (row["question"], row["reference"]) == ("One and one?", "2")
        assert row["metadata"] == {"level": 1}
        assert (row["correct"], row["grading"]["by"]) == (True, "reference")
        asked = len(ASKED)

        same = await its("grade", "run", cwd=tmp_path)
        assert (same.code, same.rows) == (0, []), same.err
        assert "nothing changed" in same.err

        corrected = [{**ROWS[0]}, {**ROWS[1], "answer": "4"}, {**ROWS[2], "answer": 6}, ROWS[3]]
        write(tmp_path / "q.jsonl", corrected)
        dry = await its("grade", "run", "--problems", "q.jsonl", "--dry-run", cwd=tmp_path)
        assert [change["id"] for change in dry.rows] == ["b", "c"]
        assert solutions(tmp_path / "run")["b"]["correct"] is False
        again = await its(*("grade", "run", "--problems", "q.jsonl", "--by", "level"), cwd=tmp_path)
        assert again.code == 0, again.err
        assert again.rows == dry.rows
        assert again.rows[0]["correct"] == {"was": False, "now": True}
        assert again.rows[1]["correct"] == {"was": None, "now": True}
        assert "3 of 4 right, 0.750 (95 % interval" in again.err
        assert "1 without an answer count as wrong" in again.err
        assert "  2: 1 of 2 right" in again.err
        figures = json.loads((tmp_path / "run" / "grade.json").read_text())
        assert (figures["graded"], figures["correct"]) == (4, 3)
        assert figures["by"]["level"]["1"]["accuracy"] == 1
        assert figures["pass_at_k"]["1"] == 0.75
        assert len(ASKED) == asked, "grading calls no model"
    assert {id_: row["correct"] for id_, row in solutions(tmp_path / "run").items()} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }


async def test_a_corrected_reference_is_picked_up_by_the_same_command(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", ROWS[:3])
    async with HostileServer(script=answer) as server:
        await solve(server, "p.jsonl", "-o", "run", cwd=tmp_path)
        asked = len(ASKED)
        write(tmp_path / "p.jsonl", [ROWS[0], {**ROWS[1], "answer": "4"}, {**ROWS[2], "answer": 6}])
        ended = await solve(server, "p.jsonl", "-o", "run", cwd=tmp_path)
        assert len(ASKED) == asked
        assert [row["correct"] for row in sorted(ended.rows, key=lambda r: r["index"])] == [
            True
        ] * 3
        assert "2 finished rows; 2 verdicts changed" in ended.err
        third = await solve(server, "p.jsonl", "-o", "run", cwd=tmp_path)
        assert "Graded again" not in third.err
    assert len((tmp_path / "run" / "solutions.jsonl").read_text().splitlines()) == 3


async def test_another_kind_of_answer_reads_the_solutions_again(tmp_path: Path) -> None:
    write(tmp_path / "p.jsonl", [ROWS[0]])
    async with HostileServer(script=answer) as server:
        await solve(server, "p.jsonl", "-o", "run", "--set", "answers.kind=text", cwd=tmp_path)
    assert solutions(tmp_path / "run")["a"]["correct"] is False
    ended = await its("grade", "run", "--set", "answers.kind=number", cwd=tmp_path)
    assert ended.rows[0]["correct"] == {"was": False, "now": True}, ended.err
    refused = await its("grade", "run", "--set", "budget.max=3", cwd=tmp_path)
    assert refused.code == 2
    assert "only the keys of `answers`" in refused.err
    refused = await its("grade", "run", "--set", "answers.kind=poem", cwd=tmp_path)
    assert refused.code == 2
    assert "Traceback" not in refused.err
    nothing = await its("grade", "p.jsonl", cwd=tmp_path)
    assert nothing.code == 2


async def test_solve_and_curve_grade_alike(tmp_path: Path) -> None:
    """Choices, and a kind of answer that the pipeline names."""
    rows = [
        {"id": f"p{i}", "question": f"Which is {i}?", "choices": ["10", "20", "30"], "answer": "B"}
        for i in range(4)
    ]
    write(tmp_path / "p.jsonl", rows)

    def choose(ask: Ask) -> str:
        return (
            "I take 3 steps. The best option is B, 20, of the 3." if "1?" not in ask.prompt else "C"
        )

    async with HostileServer(script=choose) as server:
        ended = await solve(server, "p.jsonl", "-o", "run", *VOTE, cwd=tmp_path)
        right = sum(row["correct"] for row in ended.rows)
    curve = await its("curve", "run", "--strategies", "vote", "-n", "1", cwd=tmp_path)
    assert curve.code == 0, curve.err
    assert curve.rows[0]["accuracy"] == right / 4 == 0.75
    assert "Problems graded: 4 by comparing with the reference (kind auto)." in curve.err


async def test_recorded_verdicts_count_in_solve_as_in_curve(tmp_path: Path) -> None:
    samples = [{"text": "Answer: 7", "correct": False}, {"text": "Answer: 8", "correct": True}]
    write(
        tmp_path / "pool.jsonl",
        [{"id": "a", "question": "Q?", "reference": "7", "samples": samples[:1]}],
    )
    write(tmp_path / "p.jsonl", [{"id": "a", "question": "Q?", "answer": "7"}])
    ended = await its(
        *("solve", "p.jsonl", "-m", "recorded:pool.jsonl", "-c", "self_consistency"),
        *("--set", "stages.0.n=1", "-o", "run"),
        cwd=tmp_path,
    )
    assert ended.code == 0, ended.err
    (row,) = ended.rows
    assert (row["correct"], row["grading"]["by"]) == (False, "recorded")
    assert (await its("grade", "run", cwd=tmp_path)).rows == []


@needs_sandbox
async def test_programs_are_graded_by_tests_that_no_model_sees(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "question": "Write f(x), its square.", "tests": ["assert f(77123) > 77123"]}
    ]
    write(tmp_path / "p.jsonl", rows)
    seen: list[str] = []

    def program(ask: Ask) -> str:
        seen.append(ask.prompt)
        return "```python\ndef f(x):\n    return x * x\n```\nCall it:\n```python\nprint(f(2))\n```"

    async with HostileServer(script=program) as server:
        ended = await solve(server, "p.jsonl", "-o", "run", cwd=tmp_path)
    (row,) = ended.rows
    assert (row["correct"], row["grading"]["by"]) == (True, "code_tests"), row["grading"]
    assert seen
    assert not any("77123" in text for text in seen)


@needs_sandbox
async def test_public_tests_mark_the_run_as_an_oracle(tmp_path: Path) -> None:
    rows = [{"id": "a", "question": "Write f(x), its square.", "tests": ["assert f(3) == 9"]}]
    write(tmp_path / "p.jsonl", rows)
    (tmp_path / "c.yaml").write_text(
        "difficulty: {method: fixed, value: 10}\nstages: [{strategy: best_of_n, n: 4}]\n"
        "select: {method: best_of_n, reward: {method: code_tests, public_tests: true}}\n"
    )
    written: list[int] = []

    def program(ask: Ask) -> str:
        written.append(1)
        body = "x * x" if len(written) % 4 == 0 else f"x + {len(written)}00"
        return f"```python\ndef f(x):\n    return {body}\n```"

    async with HostileServer(script=program) as server:
        ended = await solve(server, "p.jsonl", "-c", "c.yaml", "-o", "run", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.rows[0]["correct"] is True
    assert "Oracle" in ended.err
    assert json.loads((tmp_path / "run" / "run.json").read_text())["oracle"] is True
