"""What an endpoint charges, by its own count: reasoning models, odd accounts, lost and surplus
samples."""

from __future__ import annotations

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
    solve,
    statuses,
)
from tests.servers.canned import response, stream
from tests.servers.odd import Asked, Counted, bodies, odd_server, refuses, says

pytestmark = pytest.mark.usefixtures("forking")

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
