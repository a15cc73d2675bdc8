"""`its judge` as a process, beside a loopback server that judges by the quality a text claims."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.process import Ended, its
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.script import Ask

pytestmark = pytest.mark.slow
PLAIN = Behaviour(dialect=Dialect(json_schema=False))
ITEMS = [
    {"id": "clear", "query": "q1", "responses": ["quality 9", "quality 2"], "label": 0},
    {
        "id": "wrong",
        "query": "q2",
        "responses": ["quality 3", "quality 8", "quality 1"],
        "label": 0,
    },
    {"id": "tie", "query": "q3", "responses": ["quality 5", "quality 5"], "label": 1},
    {"id": "unlabelled", "query": "q4", "responses": ["quality 5", "quality 10"]},
    {"id": "mute", "query": "q5", "responses": ["unreadable", "quality 4"], "label": 1},
]


def judge(ask: Ask) -> str:
    """Principles, critiques and scores by what the responses say of their own quality."""
    shown = re.findall(r"^<response (\d+) \w+>\n(?:quality (\d+)|\w+)", ask.prompt, re.MULTILINE)
    if any(not quality for _, quality in shown):
        return "I would rather not say."
    critiques = "\n".join(f"[{n}] Its quality is {quality}." for n, quality in shown)
    scores = "\n".join(f"[{n}] {quality}" for n, quality in shown)
    return f"## Principles\n1. Quality (100 %)\n## Critiques\n{critiques}\n## Scores\n{scores}"


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


async def run(server: HostileServer, source: Path, *arguments: str, cwd: Path) -> Ended:
    return await its(
        *(
            "judge",
            source,
            "--model",
            "loopback",
            "--base-url",
            server.url,
            "-o",
            "out",
            "--stdout",
        ),
        *arguments,
        cwd=cwd,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "items.jsonl", *ITEMS)


async def test_every_item_has_scores_critiques_winner_margin_and_cost(
    tmp_path: Path, source: Path
) -> None:
    async with HostileServer(PLAIN, judge) as server:
        ended = await run(server, source, cwd=tmp_path)
        sent = server.stats.completions
    assert ended.code == 3, "one item got no score"
    rows = {row["id"]: row for row in ended.rows}
    clear = rows["clear"]
    assert clear["scores"] == pytest.approx([8 / 9, 1 / 9], abs=1e-6)
    assert clear["critiques"] == ["Its quality is 9.", "Its quality is 2."]
    assert (clear["winner"], clear["leaders"], clear["correct"]) == (0, [0], True)
    assert clear["margin"] == pytest.approx(7 / 9, abs=1e-6)
    assert clear["usage"]["completions"] == 1, "a clear lead takes one judgement"
    assert (rows["wrong"]["winner"], rows["wrong"]["correct"]) == (1, False)
    assert (rows["tie"]["leaders"], rows["tie"]["correct"], rows["tie"]["credit"]) == (
        [0, 1],
        False,
        0.5,
    )
    assert rows["unlabelled"]["correct"] is None
    assert rows["mute"]["status"] == "unanswered"
    assert rows["mute"]["scores"] == [None, None]
    figures = json.loads((tmp_path / "out/judge.json").read_text())
    assert (figures["items"], figures["labelled"]) == (5, 4)
    assert figures["strict"] == pytest.approx(1 / 4)
    assert figures["ties_even"] == pytest.approx(1.5 / 4)
    totals = json.loads((tmp_path / "out/compute.json").read_text())["totals"]
    probes = totals["completions"] - sum(row["usage"]["completions"] for row in ended.rows)
    assert totals["completions"] == sent
    assert probes >= 0


async def test_the_same_command_resumes_and_repeats_nothing(tmp_path: Path, source: Path) -> None:
    async with HostileServer(PLAIN, judge) as server:
        first = await run(server, source, cwd=tmp_path)
        before = server.stats.completions
        second = await run(server, source, cwd=tmp_path)
        assert server.stats.completions == before
    by_id = {row["id"]: row for row in first.rows}
    assert {row["id"]: row for row in second.rows} == by_id


async def test_the_budget_is_a_cap_on_the_judgements_of_an_item(tmp_path: Path) -> None:
    source = write(tmp_path / "items.jsonl", ITEMS[2])
    async with HostileServer(PLAIN, judge) as server:
        ended = await run(server, source, "--budget", "3", cwd=tmp_path)
    assert ended.rows[0]["usage"]["completions"] == 3


async def test_another_reward_by_name(tmp_path: Path) -> None:
    def rate(ask: Ask) -> str:
        return "\n".join(f"Score: {quality}" for quality in re.findall(r"y (\d+)", ask.prompt))

    source = write(tmp_path / "items.jsonl", ITEMS[0])
    async with HostileServer(script=rate) as server:
        ended = await run(server, source, "--reward", "self_evaluation", cwd=tmp_path)
    assert ended.rows[0]["scores"] == pytest.approx([8 / 9, 1 / 9], abs=1e-6)
    assert ended.rows[0]["reward"] == "self_evaluation"


async def test_bad_lines_are_failed_rows_with_their_reason(tmp_path: Path) -> None:
    source = write(
        tmp_path / "items.jsonl",
        ITEMS[0],
        {"query": "q"},
        {"query": "q", "responses": []},
        {"query": "q", "responses": ["a", 7]},
        {"query": "q", "responses": ["a"], "label": 1},
    )
    async with HostileServer(PLAIN, judge) as server:
        ended = await run(server, source, cwd=tmp_path)
    assert ended.code == 3
    errors = [row["error"] for row in sorted(ended.rows, key=lambda row: row["index"])]
    assert errors[0] is None
    assert "line 2: has no `responses`" in errors[1]
    assert "line 3: has no `responses`" in errors[2]
    assert "line 4: `responses` holds something else than text" in errors[3]
    assert "line 5: `label` must be" in errors[4]


async def test_a_server_that_fails_leaves_failed_rows_that_the_next_run_repairs(
    tmp_path: Path,
) -> None:
    source = write(tmp_path / "items.jsonl", ITEMS[0])
    plain = ("--set", "model.retries.attempts=1")
    async with HostileServer(Behaviour(faults={"500": 1.0}), judge) as server:
        broken = await run(server, source, *plain, cwd=tmp_path)
    assert broken.code in (3, 4)
    async with HostileServer(PLAIN, judge) as server:
        repaired = await run(server, source, *plain, cwd=tmp_path)
    assert repaired.code == 0, repaired.err
    assert repaired.rows[0]["winner"] == 0


async def test_an_unknown_reward_is_a_plain_sentence(tmp_path: Path, source: Path) -> None:
    ended = await its(
        "judge", source, "--reward", "wisdom", "--model", "m", "--base-url", "http://127.0.0.1:9/v1",
        cwd=tmp_path,
    )  # fmt: skip
    assert ended.code == 2
    assert "wisdom" in ended.err
    assert "generalist" in ended.err
