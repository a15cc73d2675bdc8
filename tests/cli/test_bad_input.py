"""Whatever is wrong is reported in a plain sentence that says where and how to fix it, with the
exit code that scripts rely on; problems that are well lose nothing by it."""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path

import orjson

from tests.cli.process import Ended, its, problems_file, run_directory, solve
from tests.runs.command import rows_of
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer

GOOD = {"id": "good", "question": "What is 1 + 1?", "answer": "2"}


def refused(ended: Ended, code: int, *words: str) -> None:
    """One refusal: nothing on standard output, no traceback, every word in the sentence."""
    assert ended.code == code, ended.err
    assert ended.out == b""
    assert "Traceback" not in ended.err
    said = ended.err.split("its: ")[-1]
    for word in words:
        assert word in said


# --- the file as a whole ------------------------------------------------------------------------


UNUSABLE: dict[str, tuple[bytes | None, tuple[str, ...]]] = {
    "absent.jsonl": (None, ("no file absent.jsonl", "check the path")),
    "empty.jsonl": (b"", ("empty.jsonl is empty", "one JSON object per line")),
    "list.jsonl": (b'[{"note": "?"}]\n', ("JSON", "no question", "--map question=note")),
    "questions.txt": (b"What is 1 + 1?\nAnd 2 + 2?\n", ("not JSON", "jq -R '{question: .}'")),
}


async def test_a_file_that_cannot_be_used_is_named_with_its_fix(tmp_path: Path) -> None:
    for name, (content, _) in UNUSABLE.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    async with HostileServer() as server:
        ends = await asyncio.gather(*(solve(server, name, cwd=tmp_path) for name in UNUSABLE))
        assert server.stats.requests == 0
    for ended, (_, words) in zip(ends, UNUSABLE.values(), strict=True):
        refused(ended, 2, *words)


async def test_a_directory_is_no_problems_file(tmp_path: Path) -> None:
    (tmp_path / "problems").mkdir()
    async with HostileServer() as server:
        ended = await solve(server, "problems", cwd=tmp_path)
    refused(ended, 2, "problems is a directory", "name a .jsonl file in it")


async def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = problems_file(tmp_path / "p.jsonl", [GOOD])
    path.chmod(0)
    before = _obey_permissions if os.getuid() == 0 else None
    async with HostileServer() as server:
        ended = await solve(server, path, cwd=tmp_path, before=before)
    refused(ended, 2, str(path), "ermission")


def _obey_permissions() -> None:
    """Root reads everything, unless the capabilities for that are dropped from its bounds."""
    drop_from_bounds, dac_override, dac_read_search = 24, 1, 2
    libc = ctypes.CDLL(None)
    for capability in (dac_override, dac_read_search):
        libc.prctl(drop_from_bounds, capability, 0, 0, 0)


async def test_nothing_on_standard_input_is_reported(tmp_path: Path) -> None:
    async with HostileServer() as server:
        refused(await solve(server, "-", cwd=tmp_path), 2, "standard input is empty")


# --- single lines -------------------------------------------------------------------------------


async def test_a_bad_line_costs_itself_alone_and_names_its_number_and_fix(tmp_path: Path) -> None:
    lines: list[tuple[bytes, tuple[str, ...]]] = [
        (b'{"question": "caf\xe9"}', ("line 2", "UTF-8")),
        (b'{"question": "?", "answer": NaN}', ("line 3", "NaN")),
        (b'{"question": "half \\ud800 a pair"}', ("line 4", "surrogate")),
        (b'{"question": "?", "x": ' + b"[" * 9000 + b"]" * 9000 + b"}", ("line 5", "deep")),
        (b"not JSON", ("line 6", "not JSON", "column 1")),
        (b'{"note": "?"}', ("line 7", "no question", "--question-field")),
        (b'{"id": "good", "question": "again"}', ("line 8", "'good'", "id of its own")),
        (b'{"question": 7}', ("line 9", "'question'", "must be text")),
    ]
    path = problems_file(tmp_path / "p.jsonl", [GOOD, *(line for line, _ in lines)])
    async with HostileServer() as server:
        ended = await solve(server, path, cwd=tmp_path)
    assert ended.code == 3
    rows = sorted(ended.rows, key=lambda row: row["index"])
    assert [row["status"] for row in rows] == ["answered", *("failed" for _ in lines)]
    for row, (_, words) in zip(rows[1:], lines, strict=True):
        assert all(word in row["error"] for word in words), row["error"]
    assert rows_of(run_directory(tmp_path)) == ended.rows
    assert "9 problems: 1 answered, 8 failed" in ended.err


async def test_a_line_of_ten_megabytes_is_a_problem_like_any_other(tmp_path: Path) -> None:
    huge = {"id": "huge", "question": "x" * 10_000_000}
    path = problems_file(tmp_path / "p.jsonl", [huge, GOOD])
    async with HostileServer(Behaviour(dialect=Dialect(context=4096))) as server:
        ended = await solve(server, path, "--ordered", "-q", cwd=tmp_path)
    assert ended.code == 3
    first, second = ended.rows
    assert first["status"] == "failed"
    assert second["status"] == "answered"


# --- the configuration --------------------------------------------------------------------------


async def test_an_unknown_preset_names_the_nearest(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    ended = await its("solve", "p.jsonl", "-c", "gredy", cwd=tmp_path)
    refused(ended, 2, "'gredy'", "did you mean 'greedy'?", "self_consistency")


async def test_all_faults_of_a_pipeline_come_at_once_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "stages:\n  - strategy: attempts\n    n: many\n  - strategy: atempts\n"
        "budgets: {max: 3}\nbudget:\n  max: -1\n"
    )
    ended = await its("check", "mine.yaml", cwd=tmp_path)
    refused(ended, 2)
    faults = ended.err.removeprefix("its: ").splitlines()
    assert faults[0] == "mine.yaml line 3: stages.0.n: must be a whole number (got 'many')"
    assert faults[1].startswith("mine.yaml line 4: stages.1: there is no strategy 'atempts'; did ")
    assert faults[2] == (
        "mine.yaml line 5: budgets: no such key; did you mean `budget`? `its schema` lists them all"
    )
    assert faults[3].startswith("mine.yaml line 7: budget.max: must be greater than or equal to 1")
    assert len(faults) == 4


WRONG_OPTIONS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("--set", "stages.0.n=x"): ("on the command line", "stages.0.n", "whole number"),
    ("--set", "modle.name=x"): ("on the command line", "modle", "did you mean `model`?"),
    ("--set", "model.tempratur=1"): ("model.tempratur", "did you mean `temperature`?"),
    ("--set", "temperature=1"): ("temperature", "did you mean `model.temperature`?"),
    ("--set", "select={metod: vote}"): ("select", "did you mean `method`?"),
    ("--set", "stages.n=1"): ("stages.n", "name one by its number"),
    ("--set", "model.api=chatt"): ("model.api", "did you mean 'chat'?"),
    ("--set", "foo.bar=1"): ("on the command line", "foo", "no such key", "its schema"),
    ("--set", "stages.9.n=1"): ("stages.9.n", "items 0 to 2"),
    ("--set", "novalue"): ("novalue", "key.path=value"),
    ("--budget", "3 apples"): ("'3 apples'", "50ktok"),
    ("--batch-budget", "much"): ("budget.batch", "'much'", "50ktok"),
    ("--id", "nobody"): ("p.jsonl", "nobody"),
    ("--id", "god"): ("p.jsonl", "did you mean 'good'?"),
    ("--map", "questoin=body"): ("'questoin'", "did you mean 'question'?"),
}


async def test_a_wrong_option_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    async with HostileServer() as server:
        runs = (
            solve(server, "p.jsonl", "-c", "thorough", *arguments, cwd=tmp_path)
            for arguments in WRONG_OPTIONS
        )
        ends = await asyncio.gather(*runs)
        assert server.stats.requests == 0
    for ended, words in zip(ends, WRONG_OPTIONS.values(), strict=True):
        refused(ended, 2, *words)
    assert not (tmp_path / "runs").exists()


async def test_another_pipeline_in_the_same_directory_is_refused_with_the_difference(
    tmp_path: Path,
) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    async with HostileServer() as server:
        await solve(server, "p.jsonl", "-o", "run", cwd=tmp_path)
        ended = await solve(server, "p.jsonl", "-o", "run", "--seed", "7", cwd=tmp_path)
    refused(ended, 2, "run holds a run with other settings", "seed: 0 → 7")


# --- the endpoint -------------------------------------------------------------------------------


async def test_an_endpoint_that_is_not_there(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    async with HostileServer() as server:
        gone = server.url
    ended = await its("solve", "p.jsonl", "-m", "loopback", "--base-url", gone, cwd=tmp_path)
    refused(ended, 4, gone, "cannot be reached", "start the server")


async def test_a_wrong_key_is_refused_and_shown_nowhere(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    key = "sk-wrong-key-0123456789"
    async with HostileServer(Behaviour(key="right")) as server:
        ended = await solve(server, "p.jsonl", cwd=tmp_path, environment={"OPENAI_API_KEY": key})
    refused(ended, 4, "401", "OPENAI_API_KEY")
    assert key not in ended.err
    assert _files_with(tmp_path, key) == []


async def test_an_unknown_model_names_those_that_are_there(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    async with HostileServer(Behaviour(models=("small", "large"))) as server:
        ended = await solve(server, "p.jsonl", cwd=tmp_path)
    refused(ended, 4, "no model 'loopback'", "small", "large")


async def test_a_web_page_instead_of_an_answer_points_to_the_address(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    async with HostileServer(Behaviour(faults={"html": 1.0})) as server:
        ended = await solve(server, "p.jsonl", cwd=tmp_path)
    refused(ended, 4, "web page", "base_url")


async def test_a_prompt_too_long_fails_its_problem_and_no_other(tmp_path: Path) -> None:
    long = {"id": "long", "question": "How many words? " + "word " * 4000}
    path = problems_file(tmp_path / "p.jsonl", [long, GOOD])
    async with HostileServer(Behaviour(dialect=Dialect(context=512))) as server:
        ended = await solve(server, path, "--ordered", "--set", "model.max_tokens=64", cwd=tmp_path)
    assert ended.code == 3
    first, second = ended.rows
    assert (first["id"], first["status"]) == ("long", "failed")
    assert "context" in first["error"]
    assert second["status"] == "answered"
    assert "1 answered, 1 failed" in ended.err
    assert "The same command retries what failed" in ended.err


async def test_secrets_stand_in_no_file_and_no_message(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD])
    key, password, extra = "sk-right-0123456789abcdef", "hunter2hunter2", "body-secret-77"
    async with HostileServer(Behaviour(key=key)) as server:
        ended = await solve(
            server,
            "p.jsonl",
            "--set",
            f"model.extra_body.api_key={extra}",
            cwd=tmp_path,
            environment={"OPENAI_API_KEY": key},
        )
        assert ended.code == 0
        address = server.url.replace("://", f"://user:{password}@")
        other = await its(
            "solve", "p.jsonl", "-m", "loopback", "--base-url", address, "-o", "b", cwd=tmp_path
        )
    assert other.code == 4
    for secret in (key, password, extra):
        assert secret not in ended.err + other.err
        assert _files_with(tmp_path, secret) == []


def _files_with(directory: Path, text: str) -> list[Path]:
    return [
        path
        for path in directory.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


async def test_a_run_that_failed_goes_on_where_it_was_with_the_same_command(
    tmp_path: Path,
) -> None:
    problems_file(tmp_path / "p.jsonl", [GOOD, {"id": "b", "question": "What is 2 + 2?"}])
    async with HostileServer() as server:
        first = await solve(server, "p.jsonl", "--limit", "1", cwd=tmp_path)
        asked = server.stats.completions
        second = await solve(server, "p.jsonl", cwd=tmp_path)
        assert server.stats.completions == asked + 1
        third = await solve(server, "p.jsonl", cwd=tmp_path)
        assert server.stats.completions == asked + 1
    assert (first.code, second.code, third.code) == (0, 0, 0)
    assert "1 of 2 rows are there" in second.err
    assert "Nothing to do: all 2 rows" in third.err
    assert sorted(third.out.splitlines()) == sorted(second.out.splitlines())
    assert orjson.loads((run_directory(tmp_path) / "run.json").read_bytes())["state"] == "finished"
