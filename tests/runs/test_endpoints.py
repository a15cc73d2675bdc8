"""Runs on endpoints as people meet them: the right rows, exit codes and sums, by the endpoint's
own count."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.runs.command import compute_of, finish, its, rows_of, write_problems
from tests.runs.forked import Forked, forked
from tests.servers.canned import response, stream
from tests.servers.odd import Asked, Counted, OddServer, bodies, odd_server, refuses, says
from tests.servers.process import ROOT

ONE = ("-c", "greedy")
FOUR = ("-c", "self_consistency", "--set", "stages.0.n=4", "--set", "stop.rule=none")
Special = Callable[[Asked, Counted], bytes]


def solve(
    server: OddServer, folder: Path, *more: str, problems: int = 3, **environment: str
) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, rows and messages of a run."""
    file = write_problems(folder / "problems.jsonl", problems)
    run = folder / "run"
    command = ("solve", str(file), "-q", "-o", str(run), "-m", "loopback")
    ended = its_of_this_page().its(
        *(*command, "--base-url", server.url, *more),
        environment={"XDG_CACHE_HOME": str(folder), **environment},
    )
    written = (run / "solutions.jsonl").exists()
    return ended.code, rows_of(run) if written else [], ended.err


_RUNNING: list[Forked] = []


@pytest.fixture(scope="module", autouse=True)
def forking() -> Iterator[None]:
    """One server that has loaded `its` and forks for every run of this page."""
    with forked() as started:
        _RUNNING.append(started)
        yield
        _RUNNING.clear()


def its_of_this_page() -> Forked:
    return _RUNNING[0]


def after_probe(special: Special) -> Special:
    """An endpoint that is like any other while it is probed."""

    def writes(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted) if asked.probes else special(asked, counted)

    return writes


def charged(folder: Path) -> int:
    totals = compute_of(folder / "run")["totals"]
    return int(totals["prompt_tokens"]) + int(totals["completion_tokens"])


def statuses(rows: list[dict[str, Any]]) -> list[str]:
    return [row["status"] for row in sorted(rows, key=lambda row: row["index"])]


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


# --- reasoning models ---------------------------------------------------------------------------


def reasoning_model(asked: Asked, counted: Counted) -> bytes:
    """As the hosted reasoning models: another name for the limit, at least 16, one temperature,
    no stop strings, no log-probabilities; its thinking counts."""
    body = asked.body
    for name in ("max_tokens", "stop", "logprobs"):
        if name in body:
            instead = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            words = f"Unsupported parameter: '{name}' is not supported with this model.{instead}"
            return refuses(counted, words, param=name, code="unsupported_parameter")
    if body["max_completion_tokens"] < 16:
        words = "Invalid 'max_completion_tokens': Expected a value >= 16."
        return refuses(counted, words, param="max_completion_tokens")
    if body.get("temperature", 1) != 1:
        words = "'temperature' does not support 0.8. Only the default (1) value is supported."
        return refuses(counted, words, param="temperature", code="unsupported_value")
    limit, n = body["max_completion_tokens"], int(body.get("n", 1))
    thinking = min(64, limit)
    account = {
        "prompt_tokens": 20,
        "completion_tokens": n * (thinking + 8),
        "total_tokens": 20 + n * (thinking + 8),
        "completion_tokens_details": {"reasoning_tokens": n * thinking},
    }
    text = "Difficulty: 5\nAnswer: 4\nScore: 7" if limit > 64 else ""
    finish = "stop" if limit > 64 else "length"
    return says(asked, counted, text, finish=finish, n=n, completion=thinking + 8, usage=account)


def test_a_reasoning_model_runs_whole_after_at_most_three_refusals(tmp_path: Path) -> None:
    with odd_server(reasoning_model) as server:
        code, rows, err = solve(server, tmp_path, "-c", "thorough", "--baseline", problems=4)
        assert code == 0, err
        assert server.counted.refusals <= 3
        assert statuses(rows) == ["answered"] * 4
        assert charged(tmp_path) == server.counted.tokens
        totals = compute_of(tmp_path / "run")["totals"]
        assert totals["reasoning_tokens"] > 0
        found = orjson.loads((tmp_path / "run" / "run.json").read_bytes())["endpoints"]["model"]
        assert found["capabilities"]["limit_name"] == "max_completion_tokens"
        assert set(found["capabilities"]["refuses"]) == {"temperature", "stop", "logprobs"}


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("Could not finish the message because max_tokens or model output limit was reached", 64),
        ("max_tokens must be at least 16", 16),
        ("`max_tokens` must exceed the thinking budget", 1025),
    ],
)
def test_a_least_limit_is_found_once(tmp_path: Path, words: str, least: int) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        if asked.body["max_tokens"] < least:
            return refuses(counted, words)
        return says(asked, counted)

    with odd_server(writes) as server:
        more = ("--set", "model.max_tokens=2048")
        code, rows, err = solve(server, tmp_path, *ONE, *more)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3
        assert server.counted.refusals <= 8


@pytest.mark.parametrize(
    ("error", "field"),
    [
        ({"message": "temperature must be 1"}, "temperature"),
        ({"message": "Provider returned error", "metadata": {
            "raw": '{"error": {"message": "temperature is not supported"}}'}}, "temperature"),
        ({"message": "x" * 400 + " unsupported parameter: seed"}, "seed"),
        ({"message": "Bad Request", "param": "seed"}, "seed"),
        ({"message": "`top_p` and `temperature` cannot both be specified"}, "top_p"),
    ],
)  # fmt: skip
def test_a_parameter_that_is_refused_is_left_out(
    tmp_path: Path, error: dict[str, Any], field: str
) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        if field in asked.body:
            counted.refusals += 1
            return response({"error": error}, status="400 Bad Request")
        return says(asked, counted)

    with odd_server(writes) as server:
        more = ("--set", "model.top_p=0.9")
        code, rows, err = solve(server, tmp_path, *FOUR, *more)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3
        assert server.counted.refusals <= 2


def test_terms_learned_in_the_middle_of_a_run_are_known_to_the_next_session(
    tmp_path: Path,
) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        if "top_p" in asked.body:
            return refuses(counted, "Unsupported parameter: 'top_p'")
        return says(asked, counted)

    with odd_server(after_probe(writes)) as server:
        more = (*ONE, "--set", "model.top_p=0.9")
        code, _, err = solve(server, tmp_path, *more, "--limit", "1")
        assert code == 0, err
        assert server.counted.refusals == 1
        found = orjson.loads((tmp_path / "run" / "run.json").read_bytes())["endpoints"]["model"]
        assert found["capabilities"]["refuses"] == ["top_p"]
        code, rows, err = solve(server, tmp_path, *more)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3
        assert server.counted.refusals == 1


# --- bills --------------------------------------------------------------------------------------


def test_reasoning_outside_of_the_completion_is_charged_by_the_total(tmp_path: Path) -> None:
    account = {"prompt_tokens": 20, "completion_tokens": 24, "total_tokens": 1244}

    def special(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, usage=account, completion=1224)

    with odd_server(after_probe(special)) as server:
        code, _, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert charged(tmp_path) == server.counted.tokens


@pytest.mark.parametrize(
    "account",
    [
        {"prompt_tokens": 20, "completion_tokens": 8,
         "prompt_tokens_details": {"cached_tokens": 9000}},
        {"prompt_tokens": 20, "completion_tokens": 8, "prompt_cache_hit_tokens": 10**9},
        {"prompt_tokens": 10**30, "completion_tokens": 10**30, "total_tokens": -5},
        {"prompt_tokens": -7, "completion_tokens": "many", "total_tokens": None},
        {"prompt_tokens": 1e300, "completion_tokens": [], "completion_tokens_details": 3},
        {"prompt_tokens": True, "completion_tokens": {}, "prompt_tokens_details": [1]},
    ],
)  # fmt: skip
def test_odd_accounts_make_no_money_negative_and_no_run_die(
    tmp_path: Path, account: dict[str, Any]
) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, usage=account)

    price = ("--set", "model.price={input: 1, cached_input: 0.1, output: 2}")
    with odd_server(after_probe(special)) as server:
        code, rows, err = solve(server, tmp_path, *ONE, *price)
        assert code == 0, err
        for row in rows:
            usage = row["usage"]
            assert 0 < usage["usd"] < 0.01
            assert 0 <= usage["cached_tokens"] <= usage["prompt_tokens"] < 1000


def test_usage_without_a_choice_is_charged_once(tmp_path: Path) -> None:
    account = {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}

    def special(asked: Asked, counted: Counted) -> bytes:
        if len(bodies_so_far(counted)) % 2:
            counted.tokens += 28
            return response({"choices": [], "usage": account})
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        code, _, err = solve(server, tmp_path, *ONE, "--set", "model.retries.first=0.01")
        assert code == 0, err
        assert charged(tmp_path) == server.counted.tokens
        assert compute_of(tmp_path / "run")["totals"]["estimated"] == 0


def test_usage_that_a_stream_repeats_at_its_end_is_charged_once(tmp_path: Path) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        n = int(asked.body.get("n", 1))
        if not asked.body.get("stream"):
            return says(asked, counted, n=n)
        counted.completions += n
        counted.tokens += 20 + 8 * n
        account = {"prompt_tokens": 20, "completion_tokens": 8 * n, "total_tokens": 20 + 8 * n}
        pieces = [
            {"choices": [{"index": i, "delta": {"content": "Answer: 4"}, "finish_reason": "stop"}]}
            for i in range(n)
        ]
        return stream([*pieces, *[{"choices": [], "usage": account}] * 2])

    with odd_server(writes) as server:
        more = ("-c", "self_consistency", "--set", "stages.0.n=4", "--set", "stop.rule=none")
        code, rows, err = solve(server, tmp_path, *more, "--set", "model.stream=true")
        assert code == 0, err
        assert [row["usage"]["completion_tokens"] for row in rows] == [32, 32, 32]
        assert charged(tmp_path) == server.counted.tokens


def test_a_call_of_the_probe_that_broke_is_charged(tmp_path: Path) -> None:
    account = {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28}

    def writes(asked: Asked, counted: Counted) -> bytes:
        if asked.number == 0:
            counted.tokens += 28
            return response({"choices": [], "usage": account})
        return says(asked, counted)

    with odd_server(writes) as server:
        code, _, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert charged(tmp_path) == server.counted.tokens


def bodies_so_far(counted: Counted) -> list[Asked]:
    return [asked for asked in counted.asked if not asked.probes]


# --- samples that vanish or come by the thousand ------------------------------------------------


def test_the_missing_samples_are_asked_for_singly(tmp_path: Path) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, n=min(2, int(asked.body.get("n", 1))))

    with odd_server(writes) as server:
        more = ("-c", "self_consistency", "--set", "stages.0.n=8", "--set", "stop.rule=none")
        code, rows, err = solve(server, tmp_path, *more, "--concurrency", "1")
        assert code == 0, err
        assert [row["budget"]["spent"] for row in rows] == [8, 8, 8]
        assert charged(tmp_path) == server.counted.tokens
        shared = [body for body in bodies(server) if body.get("n", 1) > 1]
        assert len(shared) <= 2, "what it did once it would do again"


def test_surplus_choices_are_charged_and_not_used(tmp_path: Path) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, n=10_000 if asked.body.get("n", 1) == 2 else 1)

    def writes(asked: Asked, counted: Counted) -> bytes:
        if asked.probes:
            return says(asked, counted, n=int(asked.body.get("n", 1)))
        return special(asked, counted)

    with odd_server(writes) as server:
        more = ("-c", "self_consistency", "--set", "stages.0.n=2", "--set", "stop.rule=none")
        code, rows, err = solve(server, tmp_path, *more, problems=1)
        assert code == 0, err
        assert statuses(rows) == ["answered"]
        assert charged(tmp_path) == server.counted.tokens
        assert compute_of(tmp_path / "run")["totals"]["completions"] == server.counted.completions


def test_answers_mixed_up_under_one_index_are_not_used(tmp_path: Path) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        n = int(asked.body.get("n", 1))
        if n == 1 or not asked.body.get("stream"):
            return says(asked, counted, n=n)
        counted.tokens += 20 + 8 * n
        pieces = [
            {"choices": [{"index": 0, "delta": {"content": part}, "finish_reason": finish}]}
            for part, finish in (("Ans", None), ("Answer: 9", "stop"), ("wer: 4", "stop"))
        ]
        account = {"prompt_tokens": 20, "completion_tokens": 8 * n}
        return stream([*pieces, {"choices": [], "usage": account}])

    with odd_server(writes) as server:
        more = ("--set", "model.stream=true")
        code, rows, err = solve(server, tmp_path, *FOUR, *more)
        assert code == 0, err
        assert {row["answer"] for row in rows} == {"4"}
        assert charged(tmp_path) == server.counted.tokens


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


# --- ways in ------------------------------------------------------------------------------------


def write_pipeline(folder: Path, model: str) -> str:
    path = folder / "pipeline.yaml"
    path.write_text(f"model:\n{model}\nstages: [{{strategy: greedy}}]\n")
    return str(path)


def run_pipeline(folder: Path, model: str, **environment: str) -> tuple[int, str]:
    file = write_problems(folder / "problems.jsonl", 2)
    config = write_pipeline(folder, model)
    run = folder / "run"
    process = its("solve", str(file), "-q", "-o", str(run), "-c", config, cwd=None, **environment)
    code, _, err = finish(process)
    return code, err


def documented(words: str) -> str:
    """The model section of the example that stands behind these words on the page of endpoints."""
    _, found, behind = (ROOT / "docs" / "endpoints.md").read_text().partition(words)
    assert found, words
    example = behind.split("```yaml\nmodel:\n", 1)[1].split("```")[0]
    assert example.count("\n") <= 5, "a five-line configuration"
    return example.rstrip()


def test_a_deployment_with_its_key_in_a_header_and_its_version_in_the_query(
    tmp_path: Path,
) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        right = "api-key: azure-secret-123" in asked.head
        right &= asked.path.endswith("/gpt-4o-mini/chat/completions?api-version=2024-10-21")
        right &= "authorization" not in asked.head.lower()
        return says(asked, counted) if right else refuses(counted, "no", status="404 Not Found")

    with odd_server(writes, response({}, status="404 Not Found")) as server:
        model = documented("An Azure deployment")
        assert "https://NAME.openai.azure.com" in model
        model = model.replace("https://NAME.openai.azure.com", server.url.removesuffix("/v1"))
        code, err = run_pipeline(tmp_path, model, AZURE_OPENAI_API_KEY="azure-secret-123")
        assert code == 0, err
        assert b"azure-secret-123" not in (tmp_path / "run" / "run.json").read_bytes()


@pytest.mark.parametrize("said", [True, False])
def test_an_endpoint_that_only_streams_needs_no_setting(tmp_path: Path, said: bool) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        if not asked.body.get("stream"):
            return refuses(counted, "This model only supports streaming: set stream to true")
        return says(asked, counted)

    with odd_server(writes) as server:
        model = documented("An endpoint that only streams")
        assert "  stream: true" in model
        model = model.replace("https://gateway.example/v1", server.url)
        model = model if said else model.replace("  stream: true", "")
        code, err = run_pipeline(tmp_path, model)
        assert code == 0, err
        assert server.counted.refusals == 1, "it is asked once, by the first call of all"
        assert charged(tmp_path) == server.counted.tokens


def test_headers_with_values_from_the_environment(tmp_path: Path) -> None:
    def writes(asked: Asked, counted: Counted) -> bytes:
        right = "x-access: team-secret-99" in asked.head.lower()
        right &= "authorization" not in asked.head.lower()
        return says(asked, counted) if right else refuses(counted, "no", status="401 No")

    model = documented("An endpoint behind a gateway")
    with odd_server(writes) as server:
        model = model.replace("https://gateway.example/v1", server.url)
        code, err = run_pipeline(tmp_path, model, TEAM_TOKEN="team-secret-99")
        assert code == 0, err
        code, err = run_pipeline(tmp_path, model)
        assert code == 2
        assert "TEAM_TOKEN" in err


def test_an_address_of_the_sixth_version(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    with odd_server(says, host="::1") as server:
        assert "[::1]" in server.url
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 3


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://[::1/v1", "base_url is no web address"),
        ("http://::1:8000/v1", "base_url is no web address"),
        ("http://[fe80::1%25nowhere]:9/v1", "its host name is not known"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_plainly(
    tmp_path: Path, address: str, words: str
) -> None:
    code, err = run_pipeline(tmp_path, f"  name: loopback\n  base_url: '{address}'")
    assert code in (2, 4), err
    assert words in err
    assert "internal error" not in err


def test_a_web_page_in_place_of_an_api_is_said_with_the_fix(tmp_path: Path) -> None:
    page = response(b"<!doctype html><html><body>Sign in</body></html>", kind="text/html")
    with odd_server(lambda asked, counted: page, page) as server:
        code, rows, err = solve(server, tmp_path, *ONE)
        assert code == 4, err
        assert rows == []
        assert "a web page" in err
        assert "is base_url right?" in err
        assert "Traceback" not in err
        assert len(server.counted.asked) == 1, "a page is no passing fault"


def test_a_place_that_is_not_served_ends_the_run_with_the_cause(tmp_path: Path) -> None:
    def special(asked: Asked, counted: Counted) -> bytes:
        code = "unsupported_country_region_territory"
        return refuses(counted, "Country not supported", status="403 Forbidden", code=code)

    for writes in (special, after_probe(special)):
        with odd_server(writes) as server:
            code, _, err = solve(server, tmp_path, *ONE, "--fresh", "--concurrency", "1")
            assert code == 4, err
            assert "does not serve the country or region" in err
            assert "API key" not in err
            assert "add credit" not in err
            assert server.counted.refusals == 1


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"X_Retry_After": "1"}, {}),
        ({"retry_after_ms": "1000"}, {}),
        ({"x_ratelimit_reset_requests": "1s"}, {}),
        ({}, {"error": {"message": "busy", "details": [{"retryDelay": "1s"}]}}),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 1s."}}),
    ],
)
def test_a_stated_wait_is_kept_by_every_call(
    tmp_path: Path, headers: dict[str, str], body: dict[str, Any]
) -> None:
    refused: list[float] = []
    early: list[float] = []

    def special(asked: Asked, counted: Counted) -> bytes:
        if not refused:
            refused.append(time.monotonic())
            counted.refusals += 1
            return response(body, status="429 Too Many Requests", **headers)
        if time.monotonic() - refused[0] < 0.95:
            early.append(time.monotonic() - refused[0])
        return says(asked, counted)

    with odd_server(after_probe(special)) as server:
        code, rows, err = solve(server, tmp_path, *ONE, "--concurrency", "1", problems=4)
        assert code == 0, err
        assert statuses(rows) == ["answered"] * 4
        assert early == []
        assert charged(tmp_path) == server.counted.tokens


# --- secrets ------------------------------------------------------------------------------------

PLANTED = {
    "user": "planted-user-pw-01",
    "access_token": "planted-access-02",
    "code": "planted-code-0003",
    "sig": "planted-sig-00004",
    "auth": "planted-auth-0005",
    "credentials": "planted-cred-0006",
    "passwd": "planted-pass-0007",
    "header": "planted-head-0008",
    "reply": "planted-head-0008",
    "nested": "planted-nest-0010",
    "camel": "planted-camel-011",
    "literal": "planted-litr-0012",
}


def test_no_planted_secret_is_written_or_shown(tmp_path: Path) -> None:
    echoed = " ".join(sorted(set(PLANTED.values())))

    def special(asked: Asked, counted: Counted) -> bytes:
        if "0 + 0" in asked.question:
            return refuses(counted, f"refused for {echoed}", status="400 Bad Request")
        return says(asked, counted, f"I know {echoed}. Answer: 4", reasoning_content=echoed)

    with odd_server(after_probe(special)) as server:
        host = server.url.removeprefix("http://")
        query = "&".join(f"{name}={PLANTED[name]}" for name in ("access_token", "code", "sig"))
        model = (
            "  name: loopback\n"
            f"  base_url: 'http://me:{PLANTED['user']}@{host}?{query}&api-version=1'\n"
            f"  headers: {{X-Team: $TEAM, X-Other: {PLANTED['literal']}}}\n"
            "  extra_body:\n"
            f"    auth: {PLANTED['auth']}\n    passwd: {PLANTED['passwd']}\n"
            f"    credentials: {{a: [{PLANTED['credentials']}]}}\n"
            f"    more: {{api_key: {PLANTED['nested']}, clientSecret: {PLANTED['camel']}}}"
        )
        code, err = run_pipeline(tmp_path, model, TEAM=PLANTED["header"])
        assert code == 3, err
        _, shown, said = finish(
            its("check", str(tmp_path / "pipeline.yaml"), TEAM=PLANTED["header"])
        )
    texts = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    texts |= {"stdout of check": shown, "messages": err.encode() + said.encode()}
    for name, text in texts.items():
        for planted in PLANTED.values():
            assert planted.encode() not in text, (name, planted)
    assert b"[key]" in texts["traces.jsonl"]


def test_two_secrets_are_two_runs(tmp_path: Path) -> None:
    with odd_server(says) as server:
        for value in ("a", "b"):
            more = ("--set", f"model.extra_body.api_key={value}-secret")
            code, _, err = solve(server, tmp_path, *ONE, *more)
            assert code == (0 if value == "a" else 2), err
        assert "secret value" in err
        assert "b-secret" not in err


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
