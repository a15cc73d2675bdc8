"""`its explain`: one story, told live and from the record in the same words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tests.cli.process import Ended, its, problems_file, solve
from tests.runs.command import SEARCH_RULES
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer
from tests.servers.script import Script, hashed_words, rules

SEARCHING = rules(SEARCH_RULES, hashed_words(16))
QUESTION = "A train leaves at 9 and takes 3 hours. When does it arrive?"


def agreeing(difficulty: str) -> Script:
    """A model that always finds 12, and finds every problem this difficult."""
    return rules(
        (("Rate how difficult", ((difficulty, 1.0),)), ("", (("It takes 3.\nAnswer: 12", 1.0),))),
        hashed_words(8),
    )


async def explain(
    server: HostileServer, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> Ended:
    model = ("-m", "loopback", "--base-url", server.url)
    return await its("explain", *arguments, *model, cwd=cwd, environment=environment)


async def test_the_explanation_is_the_same_live_and_from_the_record(tmp_path: Path) -> None:
    async with HostileServer(script=SEARCHING) as server:
        live = await explain(server, QUESTION, "-c", "thorough", "-o", "kept", cwd=tmp_path)
        sent = server.stats.requests
        recorded = await its("explain", "--run", "kept", cwd=tmp_path)
        assert server.stats.requests == sent
    assert (live.code, recorded.code, recorded.err) == (0, 0, "")
    assert live.out == recorded.out
    story = live.out.decode()
    headings = (
        "Question",
        "Difficulty",
        "Budget",
        "attempts",
        "deep_reasoning",
        "solution_search",
        "Vote",
        "Answer",
        "Confidence",
        "Why",
        "Spent",
        "stage",
        "total",
    )
    places = [
        story.index(f"\n{heading}") if number else 0 for number, heading in enumerate(headings)
    ]
    assert places == sorted(places)
    assert "9 of 10  the model rated it 9 of 10" in story
    assert "at most 90 completions" in story
    assert story.count("← chosen") == 1
    assert "critique: " in story


async def test_a_stage_that_did_not_run_says_why(tmp_path: Path) -> None:
    async with HostileServer(script=agreeing("2")) as server:
        thorough = ("-c", "thorough")
        never = ("--set", "stop={rule: none}", "--budget", "20")
        sure, short = await asyncio.gather(
            explain(server, QUESTION, *thorough, cwd=tmp_path),
            explain(server, QUESTION, *thorough, *never, cwd=tmp_path),
        )
    story = sure.out.decode()
    assert "stopped: the rule stopped after 4 of 5 samples" in story
    assert "deep_reasoning  skipped: an earlier stage was sure enough" in story
    assert "4 of 4 candidates agree on 12" in story
    story = short.out.decode()
    assert "deep_reasoning  skipped: needs a budget of 30, planned 20" in story
    assert "solution_search  skipped: needs a budget of 50, planned 20" in story


async def test_the_cost_in_the_explanation_is_what_the_endpoint_counted(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [{"id": "p", "question": QUESTION}])
    async with HostileServer(script=SEARCHING) as server:
        adaptive = ("-c", "thorough", "-o", "run", "-q")
        await solve(server, "p.jsonl", *adaptive, "--limit", "0", cwd=tmp_path)
        probed = server.stats.completions, server.stats.prompt_tokens
        await solve(server, "p.jsonl", *adaptive, cwd=tmp_path)
        spent = server.stats.completions - probed[0], server.stats.prompt_tokens - probed[1]
    told = await its("explain", "--run", "run", cwd=tmp_path)
    last = told.out.decode().splitlines()[-1].replace(",", "").split()
    assert last[0] == "total"
    assert (int(last[2]), int(last[3])) == spent


async def test_a_question_comes_from_standard_input_too(tmp_path: Path) -> None:
    async with HostileServer(script=agreeing("1")) as server:
        model = ("-m", "loopback", "--base-url", server.url)
        ended = await its("explain", "-", *model, cwd=tmp_path, given=QUESTION.encode())
    assert ended.out.decode().startswith(f"Question    {QUESTION}\n")
    assert not (tmp_path / "runs").exists()


async def test_a_problem_of_a_batch_is_explained_by_its_id(tmp_path: Path) -> None:
    rows = [{"id": f"p{n}", "question": f"What is {n} + {n}?", "answer": "12"} for n in range(8)]
    problems_file(tmp_path / "p.jsonl", [*rows, b"no JSON"])
    async with HostileServer(script=agreeing("2")) as server:
        await solve(server, "p.jsonl", "-c", "thorough", "-o", "run", "-q", cwd=tmp_path)
    asked = (("--id", "p3"), ("--id", "line:9"), ("--id", "p99"), ())
    runs = (its("explain", "--run", "run", *which, cwd=tmp_path) for which in asked)
    told, failed, unknown, many = await asyncio.gather(*runs)
    assert "What is 3 + 3?" in told.out.decode()
    assert "Answer      12  right" in told.out.decode()
    assert (failed.code, "Failed      line 9: is not JSON" in failed.out.decode()) == (0, True)
    assert (unknown.code, many.code) == (2, 0)
    assert "run holds no problem 'p99'; it has " in unknown.err
    assert unknown.err.count(", ") == 5
    assert many.out.startswith(b"Question    What is ")  # the first row worth a look


async def test_a_problem_tried_again_is_explained_by_its_last_try(tmp_path: Path) -> None:
    problems_file(tmp_path / "p.jsonl", [{"id": "p", "question": QUESTION + " word" * 500}])
    for context, status in ((256, "failed"), (None, "answered")):
        behaviour = Behaviour(dialect=Dialect(context=context))
        async with HostileServer(behaviour, agreeing("2")) as server:
            short = ("--set", "model.max_tokens=100")
            ended = await solve(server, "p.jsonl", "-o", "run", "-q", *short, cwd=tmp_path)
        assert ended.rows[0]["status"] == status
        told = await its("explain", "--run", "run", "--id", "p", cwd=tmp_path)
        assert ("Failed  " in told.out.decode()) == (status == "failed")
        assert ("Answer      12" in told.out.decode()) == (status == "answered")


async def test_what_a_model_writes_never_reaches_the_terminal_raw(tmp_path: Path) -> None:
    nasty = "\x1b[2J\x1b]0;owned\x07[bold red]very[/bold red]\rAnswer: 12\x1b[31m"
    script = rules((("Rate how", (("2", 1.0),)), ("", ((nasty, 1.0),))), hashed_words(8))
    async with HostileServer(script=script) as server:
        ended = await explain(server, "What is \x1b[31m6 + 6?", cwd=tmp_path)
    assert b"\x1b" not in ended.out
    assert b"\x07" not in ended.out
    assert b"[bold red]very[/bold red]" in ended.out


async def test_what_cannot_be_explained_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refusals = {
        (): "no question: write it in quotes",
        ("",): "the question is empty",
        ("why?", "--run", "x"): "a question, or --run with --id, not both",
        ("why?", "--id", "p"): "add --run DIR",
        ("--run", "nowhere"): "nowhere is no run directory",
    }
    runs = (its("explain", *arguments, cwd=tmp_path) for arguments in refusals)
    for ended, words in zip(await asyncio.gather(*runs), refusals.values(), strict=True):
        assert (ended.code, ended.out) == (2, b"")
        assert words in ended.err
