"""The preset `thorough`: what a plan buys, and that it is a hard cap."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from tests.runs.command import compute_of, finish, its, rows_of
from tests.servers.process import hostile_process

RULES = (
    (r"(?s)easy.*Rate how difficult", (("1", 1.0),)),
    (r"(?s)middling.*Rate how difficult", (("Difficulty: 3/10", 1.0),)),
    (r"(?s)hard.*Rate how difficult", (("**9**", 1.0),)),
    (r"(?s)agreed.*Rate how difficult", (("I would say 5.", 1.0),)),
    (r"how likely", tuple((f"Score: {value}", 1.0) for value in range(1, 11))),
    (r"one word", (("yes", 2.0), ("no", 1.0))),
    (r"agreed", (("Answer: 42", 1.0),)),
)


def solve(tmp_path: Path, *questions: str) -> tuple[Path, int]:
    """The run directory, and how many completions the endpoint itself counted."""
    problems, run = tmp_path / "problems.jsonl", tmp_path / "run"
    rows = [{"id": name, "question": f"A question that is {name}?"} for name in questions]
    problems.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    with hostile_process({"tokens": 12, "dialect": {"n": "ignored"}}, RULES) as server:
        call = ("solve", str(problems), "-c", "thorough", "-q", "-o", str(run), "-m", "loopback")
        code, _, err = finish(its(*call, "--base-url", server.url))
        assert code == 0, err
        return run, server.stats()["completions"]


def calls_by_stage(run: Path, problem: str) -> dict[str, int]:
    events = [event for event in rows_of(run, "traces") if event["problem"] == problem]
    return dict(Counter(event["stage"] for event in events if event.get("state") == "done"))


def test_a_plan_of_ten_is_question_1_attempts_5_scores_4(tmp_path: Path) -> None:
    run, counted = solve(tmp_path, "easy")
    assert calls_by_stage(run, "easy") == {"difficulty": 1, "attempts": 5, "selection": 4}
    (row,) = rows_of(run)
    assert row["budget"] == {"planned": 10, "spent": 10}
    assert counted == 10 + compute_of(run)["by_stage"]["probe"]["completions"]


def test_stages_begin_at_their_thresholds(tmp_path: Path) -> None:
    run, _ = solve(tmp_path, "easy", "middling", "hard")
    stages = {name: set(calls_by_stage(run, name)) for name in ("easy", "middling", "hard")}
    assert stages["easy"] == {"difficulty", "attempts", "selection"}
    assert stages["middling"] == {"difficulty", "attempts", "deep_reasoning", "selection"}
    assert {"deep_reasoning", "solution_search"} < stages["hard"]


def test_no_problem_spends_more_than_its_plan_and_hard_ones_spend_more(tmp_path: Path) -> None:
    run, counted = solve(tmp_path, "easy", "middling", "hard", "agreed")
    rows = {row["id"]: row for row in rows_of(run)}
    for name, planned in (("easy", 10), ("middling", 30), ("hard", 90), ("agreed", 50)):
        assert rows[name]["difficulty"] == planned // 10
        assert rows[name]["budget"]["planned"] == planned
        assert rows[name]["budget"]["spent"] <= planned
        assert rows[name]["usage"]["completions"] == rows[name]["budget"]["spent"]
    spent = {name: row["budget"]["spent"] for name, row in rows.items()}
    assert spent["easy"] < spent["middling"] < spent["hard"]
    probe = compute_of(run)["by_stage"]["probe"]["completions"]
    assert counted == sum(spent.values()) + probe


def test_an_early_stop_hands_nothing_more_out(tmp_path: Path) -> None:
    run, _ = solve(tmp_path, "agreed")
    assert calls_by_stage(run, "agreed") == {"difficulty": 1, "attempts": 4}
    (row,) = rows_of(run)
    assert row["answer"] == "42"
    assert row["confidence"] > 0.8


def test_every_event_of_the_trace_is_there(tmp_path: Path) -> None:
    run, _ = solve(tmp_path, "easy")
    events: list[dict[str, Any]] = rows_of(run, "traces")
    kinds = Counter(event["event"] for event in events)
    assert [event["seq"] for event in events] == list(range(len(events)))
    for kind in ("difficulty", "budget", "selection"):
        assert kinds[kind] == 1
    assert kinds["candidate"] == 5
    states = Counter(event["state"] for event in events if event["event"] == "call")
    assert states == {"done": 10, "refused": 1}
    prompts = [orjson.dumps(event["messages"]) for event in events if event["event"] == "prompt"]
    assert len(prompts) == len(set(prompts)), "every prompt once"
