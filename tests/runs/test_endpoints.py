"""Runs on endpoints as people meet them: the right rows, exit codes and sums, by the endpoint's
own count."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.runs.command import compute_of
from tests.runs.endpoint_runs import (
    FOUR,
    ONE,
    after_probe,
    bodies_so_far,
    charged,
    its_of_this_page,
    solve,
    statuses,
)
from tests.servers.canned import response, stream
from tests.servers.odd import Asked, Counted, bodies, odd_server, refuses, says

pytestmark = pytest.mark.usefixtures("forking")

# --- a blip -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["503 Service Unavailable", "502 Bad Gateway"])
@pytest.mark.parametrize("concurrency", ["8", "64"])
def test_a_blip_pauses_the_run_and_nothing_is_bought_twice(
    tmp_path: Path, status: str, concurrency: str
) -> None:
    began: list[float] = []

    def special(asked: Asked, counted: Counted) -> bytes:
        if counted.completions > 100:
            began.append(time.monotonic())
            if time.monotonic() - began[0] < 1.0:
                counted.refusals += 1
                return response({"error": "away"}, status=status, Retry_After="1")
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        arguments = (*FOUR, "--concurrency", concurrency)
        code, rows, err = solve(server, tmp_path, *arguments, problems=60)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 60
        assert len(bodies(server)) == 240 + server.counted.refusals
        assert 0 < server.counted.refusals <= 2 * int(concurrency)
        assert charged(tmp_path) == server.counted.tokens
        assert compute_of(tmp_path / "run")["totals"]["completions"] == server.counted.completions


def test_an_endpoint_that_went_away_for_good_ends_the_run_resumably(tmp_path: Path) -> None:
    away = [True]

    def special(asked: Asked, counted: Counted) -> bytes:
        if away[0] and counted.completions > 20:
            return response({"error": "away"}, status="503 Service Unavailable")
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        patience = ("--set", "model.retries.patience=1", "--concurrency", "8")
        code, _, err = solve(server, tmp_path, *FOUR, *patience, problems=20)
        assert code == 4
        assert "the same command resumes it" in err
        away[0] = False
        code, _, err = solve(server, tmp_path, *FOUR, *patience, problems=20)
        assert code == 0, err
        assert charged(tmp_path) == server.counted.tokens


# --- causes -------------------------------------------------------------------------------------

QUOTA = {"message": "You exceeded your current quota", "code": "insufficient_quota"}


@pytest.mark.parametrize(
    "reply",
    [
        response({"error": QUOTA}, status="429 Too Many Requests"),
        stream([{"error": QUOTA}]),
        response({"error": QUOTA}),
        response({"error": {"message": "pay"}}, status="402 Payment Required"),
        response({"error": {"message": "Rate limit: free-models-per-day"}}, status="429 No"),
        response({"error": {"message": "Limit on tokens per day (TPD)"}}, status="429 No"),
        response({"error": {"message": "Your credit balance is too low"}}, status="400 No"),
        response({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    ],
)
def test_an_account_at_its_end_ends_the_run_at_once(tmp_path: Path, reply: bytes) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        counted.refusals += 1
        return reply

    with odd_server(after_probe(special)) as server:
        arguments = (*ONE, "--concurrency", "2")
        code, _, err = solve(server, tmp_path, *arguments, problems=40)
        assert code == 4, err
        assert "the same command resumes it" in err
        assert server.counted.refusals <= 2


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        ("403 Forbidden", {"error": {"message": "Your input was flagged"}}, "flagged"),
        ("400 No", {"error": {"message": "no", "metadata": {"raw": "the cause"}}}, "the cause"),
        ("400 No", {"error": {"message": "far " * 400 + "behind: the cause"}}, "the cause"),
        ("400 No", {"error": {"code": "context_length_exceeded", "message": "long"}}, "long"),
        ("200 OK", {"error": {"code": "context_length_exceeded", "message": "long"}}, "long"),
        ("200 OK", {"object": "error", "message": "the cause", "code": 400}, "the cause"),
    ],
)  # fmt: skip
def test_one_refused_problem_is_one_failed_row(
    tmp_path: Path, status: str, body: dict[str, Any], words: str
) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        if "1 + 1" in asked.question:
            counted.refusals += 1
            return response(body, status=status)
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        code, rows, err = solve(server, tmp_path, *ONE, problems=6)
        assert code == 3, err
        assert sorted(statuses(rows)) == ["answered"] * 5 + ["failed"]
        (failed,) = (row for row in rows if row["status"] == "failed")
        assert words in failed["error"]
        assert "API key" not in failed["error"]
        assert server.counted.refusals == 1


def test_a_forbidden_list_of_models_is_no_matter(tmp_path: Path) -> None:
    forbidden = response({"error": "no"}, status="403 Forbidden")
    with odd_server(says, forbidden) as server:
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3


@pytest.mark.parametrize("status", ["498 Odd", "420 Calm", "429 No"])
def test_an_odd_status_may_pass(tmp_path: Path, status: str) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        if len(bodies_so_far(counted)) % 2:
            return refuses(counted, "busy", status=status)
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        more = ("--set", "model.retries.first=0.01", "--concurrency", "1")
        code, _, err = solve(server, tmp_path, *ONE, *more)
        assert code == 0, err


def test_a_body_that_unpacks_to_gigabytes_is_one_failed_attempt(tmp_path: Path) -> None:
    packed = gzip.compress(b" " * 300_000_000, 6)
    bombs: list[int] = []

    def special(asked: Asked, counted: Counted) -> bytes:
        if not bombs:
            bombs.append(1)
            return response(packed, Content_Encoding="gzip")
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        more = ("--set", "model.retries.first=0.01")
        code, rows, err = solve(server, tmp_path, *ONE, *more)
        assert code == 0, err
        assert compute_of(tmp_path / "run")["totals"]["failed_calls"] == 1
        assert statuses(rows) == ["answered"] * 3


# --- replies that did not end -------------------------------------------------------------------


@pytest.mark.parametrize("streamed", ["true", "false"])
def test_a_reply_without_an_end_is_not_trusted(tmp_path: Path, streamed: str) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        if len(bodies_so_far(counted)) % 2:
            return says(asked, counted, "Answer: 9", finish=None)
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        more = ("--set", f"model.stream={streamed}", "--set", "model.retries.first=0.01")
        code, rows, err = solve(server, tmp_path, *ONE, *more, "--concurrency", "1")
        assert code == 0, err
        assert {row["answer"] for row in rows} == {"4"}
        assert charged(tmp_path) == server.counted.tokens


def test_a_server_that_never_says_how_it_ended_is_taken_at_its_word(tmp_path: Path) -> None:
    with odd_server(lambda asked, counted: says(asked, counted, finish=None)) as server:
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert {row["answer"] for row in rows} == {"4"}


@pytest.mark.parametrize(
    ("message", "finish", "reason"),
    [
        ({"text": None, "reasoning_content": "hm " * 50}, "length", "thinking used up"),
        ({"text": "<think>so the answer is 9, but"}, "length", "thinking used up"),
        ({"text": ""}, "MAX_TOKENS", "thinking used up"),
        ({"text": None}, "content_filter", "refused"),
        ({"text": None, "refusal": "I cannot help with that."}, "stop", "refused"),
        ({"text": "", "reasoning": "done"}, "stop", "empty"),
    ],
)
def test_a_reply_without_an_answer_says_why(
    tmp_path: Path, message: dict[str, Any], finish: str, reason: str
) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, finish=finish, **message)

    with odd_server(after_probe(special)) as server:
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 3, err
        assert statuses(rows) == ["unanswered"] * 3
        for row in rows:
            assert reason in row["error"]
            assert ("max_tokens" in row["error"]) is (reason == "thinking used up")
        assert charged(tmp_path) == server.counted.tokens


# --- prompts that were cut ----------------------------------------------------------------------


def test_a_prompt_that_the_server_has_cut_is_noted_once(tmp_path: Path) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        account = {"prompt_tokens": 256, "completion_tokens": 8, "total_tokens": 264}
        return says(asked, counted, usage=account)

    questions = [{"question": f"{number} " + "How many words are these? " * 400} for number in "12"]
    file = tmp_path / "long.jsonl"
    file.write_bytes(b"".join(orjson.dumps(question) + b"\n" for question in questions))
    with odd_server(after_probe(special)) as server:
        command = ("solve", file, "-o", tmp_path / "run", "-m", "loopback", *ONE)
        ended = its_of_this_page().its(
            *(*command, "--base-url", server.url), environment={"XDG_CACHE_HOME": str(tmp_path)}
        )
    assert ended.code == 0, ended.err
    assert ended.err.count("it cuts long prompts") == 1, ended.err
    found = orjson.loads((tmp_path / "run" / "run.json").read_bytes())["endpoints"]["model"]
    assert any("num_ctx" in note for note in found["capabilities"]["notes"])
