"""What `its solve` promises to scripts: data alone on standard output, order, choice of problems,
nothing sent by a dry run, and references that no model ever sees."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cli.process import its, problems_file, run_directory, solve
from tests.runs.command import SEARCH_RULES, clean_environment, rows_of
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.process import ROOT
from tests.servers.script import hashed_words, rules

TEN = [{"id": f"p{n}", "question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(10)]


async def test_standard_output_holds_rows_alone_and_the_run_directory_the_same(
    tmp_path: Path,
) -> None:
    problems_file(tmp_path / "p.jsonl", TEN)
    async with HostileServer() as server:
        ended = await solve(server, "p.jsonl", "--baseline", cwd=tmp_path)
    assert ended.code == 0
    assert {row["id"] for row in ended.rows} == {problem["id"] for problem in TEN}
    assert rows_of(run_directory(tmp_path)) == ended.rows
    for word in ("Read question ← question", "At most 20 completions", "greedy", "scaled"):
        assert word in ended.err


async def test_quiet_says_nothing(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", TEN)
    async with HostileServer() as server:
        ended = await solve(server, "p.jsonl", "-q", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")


async def test_a_stream_is_solved_and_its_mapping_is_reported(tmp_path: Path) -> None:
    given = b"".join(orjson.dumps(problem) + b"\n" for problem in TEN)
    async with HostileServer() as server:
        ended = await solve(server, "-", "--ordered", cwd=tmp_path, given=given)
    assert [row["id"] for row in ended.rows] == [problem["id"] for problem in TEN]
    assert run_directory(tmp_path).name.startswith("stdin-")
    assert "Read question ← question, reference ← answer, id ← id." in ended.err


async def test_ordered_rows_come_in_the_order_of_the_input(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", TEN)
    async with HostileServer(Behaviour(seconds=0.05, sigma=1.0)) as server:
        ended = await solve(server, "p.jsonl", "--ordered", "-q", cwd=tmp_path)
    assert [row["id"] for row in ended.rows] == [problem["id"] for problem in TEN]


async def test_limit_and_id_choose_problems_of_the_same_run(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", TEN)
    async with HostileServer() as server:
        few = await solve(server, "p.jsonl", "--limit", "2", "-q", cwd=tmp_path)
        named = await solve(server, "p.jsonl", "--id", "p7", "--id", "p1", "-q", cwd=tmp_path)
    assert {row["id"] for row in few.rows} == {"p0", "p1"}
    assert {row["id"] for row in named.rows} == {"p1", "p7"}
    assert {row["id"] for row in rows_of(run_directory(tmp_path))} == {"p0", "p1", "p7"}


async def test_a_dry_run_reports_the_most_and_sends_nothing(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", TEN)
    prices = ("--set", "model.price.input=1", "--set", "model.price.output=2")
    async with HostileServer() as server:
        ended = await solve(server, "p.jsonl", "--dry-run", *prices, cwd=tmp_path)
        assert (server.stats.requests, server.stats.connections) == (0, 0)
    assert ended.code == 0
    assert ended.out.startswith(b"At most 10 completions")
    assert b"USD for 10 problems" in ended.out
    assert not (tmp_path / "runs").exists()


async def test_a_reader_that_leaves_ends_the_run_quietly(tmp_path: Path) -> None:
    many = [{"question": f"What is {n} + 1?"} for n in range(400)]
    problems_file(tmp_path / "p.jsonl", many)
    async with HostileServer(Behaviour(seconds=0.05, slots=4)) as server:
        pipe = (
            f"cat p.jsonl | {shlex.quote(sys.executable)} -m its solve - -q -c greedy -m loopback "
            f"--base-url {server.url} | head -3; echo ${{PIPESTATUS[1]}}"
        )
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            pipe,
            cwd=tmp_path,
            env=clean_environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), timeout=120)
        assert server.stats.completions < 300
    *lines, code = out.splitlines()
    assert [orjson.loads(line)["status"] for line in lines] == ["answered"] * 3
    assert code == b"141"
    assert err == b""


async def test_no_reference_ever_reaches_the_endpoint(tmp_path: Path) -> None:
    """All five fields, GSM8K's form and a choice; every stage, score and check is run."""
    secret = "REFERENCE"
    problems: list[dict[str, Any]] = [
        {"question": "Which number comes first?", "answer": f"{secret}1"},
        {"problem": "Which number comes next?", "solution": rf"so \boxed{{{secret}2}}"},
        {"prompt": "And then?", "answer": f"thus\n#### {secret}3", "answer_kind": "text"},
        {"input": "Which letter?", "choices": ["one", "two"], "target": "B"},
        {"query": "Any more?", "reference": f"{secret}4", "expected": f"{secret}5"},
    ]
    problems_file(tmp_path / "p.jsonl", problems)
    script = rules(SEARCH_RULES, hashed_words(16))
    async with HostileServer(script=script) as server:
        server.bodies = []
        verified = ("--set", "verify.attempts=2", "--set", "budget.max=60")
        ended = await solve(
            server, "p.jsonl", "-c", "thorough", "--baseline", *verified, "-q", cwd=tmp_path
        )
        assert ended.code in (0, 3), ended.err
        sent = orjson.dumps(server.bodies)
    assert b"Which number comes first?" in sent
    assert secret.encode() not in sent
    stages = orjson.loads((run_directory(tmp_path) / "compute.json").read_bytes())["by_stage"]
    assert {"difficulty", "attempts", "solution_search", "selection", "baseline"} <= set(stages)


async def test_greedy_and_scaled_are_compared_in_accuracy_and_cost(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [{"question": "What is 6 * 7?", "answer": "42"}])
    script = rules((("What is 6", (("Answer: 42", 1.0),)),), hashed_words(8))
    async with HostileServer(script=script) as server:
        ended = await solve(server, "p.jsonl", "-c", "self_consistency", "--baseline", cwd=tmp_path)
    greedy, scaled = (
        next(line for line in ended.err.splitlines() if line.startswith(name)).split()
        for name in ("greedy", "scaled")
    )
    assert greedy[1:5] == ["1", "of", "1", "100.0"]
    assert scaled[1:5] == ["1", "of", "1", "100.0"]
    assert int(scaled[7]) > int(greedy[7]) == 1
    assert "Money unknown" in ended.err


def test_help_starts_without_the_heavy_imports() -> None:
    heavy = ("numpy", "aiohttp", "asyncio", "pydantic", "yaml", "orjson", "rich", "uvloop")
    code = (
        "import sys, its.cli.main as m\n"
        "try: m.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "explain" in ended.stdout
    assert ended.stderr == "[]\n"


@pytest.mark.parametrize(
    ("settings", "streamed"),
    [
        ([], False),
        (["stop.rule=adaptive_consistency", "stop.lookahead=2"], True),
        (["budget.seconds=60"], True),
        (["model.timeout.first_token=30"], True),
        (["model.max_tokens=4096"], True),
        (["model.max_tokens=4096", "model.stream=false"], False),
        (["model.stream=true"], True),
    ],
    ids=["nothing to cancel", "lookahead", "deadline", "first token", "long", "never", "always"],
)
async def test_calls_are_streamed_where_it_serves_something(
    tmp_path: Path, settings: list[str], streamed: bool
) -> None:
    problems_file(tmp_path / "p.jsonl", TEN[:1])
    options = [option for setting in settings for option in ("--set", setting)]
    async with HostileServer() as server:
        server.bodies = []
        ended = await solve(
            server, "p.jsonl", "-c", "self_consistency", *options, "-q", cwd=tmp_path
        )
        assert ended.code == 0
        assert server.bodies[-1].get("stream", False) is streamed


@pytest.mark.parametrize(
    ("question", "arguments", "said"),
    [
        ("Write a Python function that adds.", (), "hardly chooses among programs"),
        ("Explain why the sky is blue.", (), "hardly chooses among free texts"),
        ("What is 2 + 3?", (), None),
        ("Write a Python function that adds.", ("-c", "greedy"), None),
        ("Explain why the sky is blue.", ("--set", "select.method=universal"), None),
    ],
)
async def test_a_vote_on_what_never_agrees_is_pointed_out(
    question: str, arguments: tuple[str, ...], said: str | None, tmp_path: Path
) -> None:
    problems_file(tmp_path / "p.jsonl", [{"question": question}])
    ended = await its("solve", "p.jsonl", "-m", "m", "--dry-run", *arguments, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ("hardly chooses" in ended.err) == (said is not None)
    assert said is None or said in " ".join(ended.err.split())
