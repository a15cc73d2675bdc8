"""Numbers of any size, in what a judge replies and in what a user types, end no run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import its, problems_file
from tests.runs.command import rows_of
from tests.servers.hostile import HostileServer
from tests.servers.script import Ask

ODD = (
    '{"score": ' + "9" * 400 + "}",
    '{"scores": [1e999, -1e999, NaN]}',
    "Score: 1e999",
    "Score: -" + "9" * 5000,
    "The best one is " + "7" * 5000,
    '{"score": Infinity}',
)


def reply(ask: Ask) -> str:
    """A sample answers; a judge replies with a number of absurd size, another for each problem."""
    number = next((n for n in range(len(ODD)) if f"number {n} " in ask.prompt), 0)
    judged = any(word in ask.prompt.lower() for word in ("score", "which", "consistent", "rate"))
    return ODD[number] if judged else f"Answer: {number}"


@pytest.mark.parametrize(
    "select",
    [
        "{method: weighted_vote, reward: self_evaluation}",
        "{method: weighted_vote, reward: generalist}",
        "{method: universal}",
    ],
)
async def test_a_judge_costs_at_most_its_score(select: str, tmp_path: Path) -> None:
    asked = [{"id": str(n), "question": f"What is number {n} ?"} for n in range(len(ODD))]
    problems = problems_file(tmp_path / "p.jsonl", asked)
    async with HostileServer(script=reply) as server:
        model = ("-m", "loopback", "--base-url", server.url, "-o", "run")
        chosen = ("-c", "self_consistency", "--set", "stages.0.n=3", "--set", f"select={select}")
        first = await its("solve", problems, *model, *chosen, cwd=tmp_path)
        assert first.code == 0, first.err
        rows = rows_of(tmp_path / "run")
        assert sorted(row["answer"] for row in rows) == [str(n) for n in range(len(ODD))]
        before = server.stats.completions
        assert before > 3 * len(ODD), "the judge was asked"
        again = await its("solve", problems, *model, *chosen, cwd=tmp_path)
        assert (again.code, server.stats.completions) == (0, before), again.err


async def test_a_curve_of_absurd_size_ends_and_takes_all_that_there_is(tmp_path: Path) -> None:
    sample = {"answer": "1", "correct": True}
    pool = problems_file(
        tmp_path / "pool.jsonl", [{"id": "a", "question": "?", "samples": [sample] * 4}]
    )
    ended = await its("curve", pool, "-n", "99999999999", "--strategies", "vote", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.rows[0]["calls"] == 4
