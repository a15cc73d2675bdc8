"""Samples that are stopped while they are written, through the real process on real sockets."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.runs.command import compute_of, decided, finish, its, rows_of, write_problems
from tests.runs.test_faults import sums_agree
from tests.servers.process import HostileProcess, hostile_process

pytestmark = pytest.mark.slow

SERVER = {"seconds": 0.3, "sigma": 0.3, "bursts": 40, "tokens": 100}
DEEPCONF = "{rule: deepconf, warm_up: 4, keep: 0.5, group: 8}"
SHORTEST = "{rule: shortest, m: 3}"
RULES = {
    "deepconf": f"[{{strategy: self_consistency, n: 12, logprobs: 4, cut: {DEEPCONF}}}]",
    "shortest": f"[{{strategy: self_consistency, n: 8, cut: {SHORTEST}}}]",
}


def arguments(
    problems: Path, run: Path, server: HostileProcess, rule: str, *more: str
) -> list[str]:
    command = ["solve", str(problems), "-o", str(run), "-m", "loopback", "-c", "self_consistency"]
    stages = ("--set", f"stages={RULES[rule]}")
    return [*command, "--base-url", server.url, *stages, "--set", "model.max_tokens=400", *more]


def told(run: Path) -> list[dict[str, Any]]:
    """What the rows say but for what was spent: how many tokens had come when a stream was closed
    depends on the timing."""
    return [{**row, "usage": None} for row in decided(rows_of(run))]


def left_out(run: Path) -> set[tuple[str, str]]:
    return {
        (event["problem"], event["reason"])
        for event in rows_of(run, "traces")
        if event.get("decision") == "left out"
    }


@pytest.mark.parametrize("rule", RULES)
def test_the_same_samples_count_whatever_the_timing(tmp_path: Path, rule: str) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 4)
    quick = {**SERVER, "seconds": 0.02, "sigma": 1.0, "bursts": 6}
    for name, behaviour, more in (
        ("slow", SERVER, ()),
        ("quick", quick, ("--concurrency", "2")),
        ("whole", {"tokens": 100}, ("--set", "model.stream=false")),
    ):
        with hostile_process(behaviour) as server:
            call = arguments(problems, tmp_path / name, server, rule, *more)
            code, _, err = finish(its(*call))
            assert code == 0, err
            truth = server.stats()
        accounts = compute_of(tmp_path / name)
        # A stream may be closed when its last bytes are on their way.
        assert truth["cancelled"] <= accounts["totals"]["cancelled"] <= truth["cancelled"] + 3
        if name == "slow":
            assert truth["cancelled"] > 0
            assert accounts["cut"]["samples"] == accounts["totals"]["cancelled"]
            assert (accounts["cut"]["saved_tokens"] > 0) == (rule == "deepconf")
            assert "stopped while being written, after" in err
        elif name == "whole":
            assert "cut" not in accounts, "what came whole saved nothing"
        probe = accounts["by_stage"]["probe"]["completion_tokens"]
        counted = accounts["totals"]["completion_tokens"]
        assert counted <= truth["completion_tokens"] + truth["cancelled_tokens"] + probe
        if accounts["totals"]["cancelled"] == truth["cancelled"]:
            assert truth["completion_tokens"] <= counted
        sums_agree(tmp_path / name)
    assert told(tmp_path / "slow") == told(tmp_path / "quick") == told(tmp_path / "whole")
    assert (
        left_out(tmp_path / "slow") == left_out(tmp_path / "quick") == left_out(tmp_path / "whole")
    )
    assert left_out(tmp_path / "slow")


def ended(truth: dict[str, Any]) -> int:
    return int(truth["completions"]) + int(truth["cancelled"])


@pytest.mark.parametrize("rule", RULES)
def test_a_killed_run_repeats_its_cuts_and_buys_them_once(tmp_path: Path, rule: str) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 8)
    with hostile_process(SERVER) as server:
        more = ("--concurrency", "8", "-q")
        assert finish(its(*arguments(problems, tmp_path / "whole", server, rule, *more)))[0] == 0
        server.reset()
        call = arguments(problems, tmp_path / "killed", server, rule, *more)
        for kills in (1, 2, 3):
            process = its(*call)
            deadline = time.monotonic() + 60
            while ended(server.stats()) < 16 * kills:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGKILL)
            finish(process)
        code, _, err = finish(its(*call))
        assert code == 0, err
        requests = server.stats()["requests"]
        assert finish(its(*call))[0] == 0
        assert server.stats()["requests"] == requests
    assert told(tmp_path / "killed") == told(tmp_path / "whole")
    assert left_out(tmp_path / "killed") == left_out(tmp_path / "whole")
    accounts = compute_of(tmp_path / "killed")
    assert accounts["cut"]["samples"] > 0
    sums_agree(tmp_path / "killed")
    # Whoever was in flight at a kill is asked again; what had been cut is not.
    once = compute_of(tmp_path / "whole")["totals"]["calls"]
    assert accounts["totals"]["calls"] <= once + 3 * 8


def test_what_was_stopped_and_why_stands_in_the_explanation(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 1)
    with hostile_process(SERVER) as server:
        call = arguments(problems, tmp_path / "run", server, "shortest", "-q")
        assert finish(its(*call))[0] == 0
    code, said, err = finish(its("explain", str(tmp_path / "run")))
    assert code == 0, err
    assert said.decode().count("it is not among the 3 shortest") == 5
    calls = [event for event in rows_of(tmp_path / "run", "traces") if event["event"] == "call"]
    cut = [done for event in calls for done in event.get("completions", ()) if done.get("cut")]
    assert cut
    assert all(done["finish"] == "cut" and done["text"] for done in cut)


def test_the_real_process_says_what_cannot_be_cut(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 1)
    for stages, said in (
        ("[{strategy: self_consistency, cut: deepconf}]", "set the stage's `logprobs: 20`"),
        ("[{strategy: best_of_n, cut: deepconf}]", "take self_consistency"),
        ("[{strategy: deep_reasoning, cut: shortest}]", "draws none"),
        ("[{strategy: self_consistency, cut: [{rule: shorter}]}]", "shortest"),
        ("[{strategy: self_consistency, models: [model, b], cut: shortest}]", "of one model"),
    ):
        call = ["solve", str(problems), "-o", str(tmp_path / "run"), "-m", "m"]
        call += ["--base-url", "http://127.0.0.1:9", "--set", f"stages={stages}"]
        call += ["--set", "models.b={name: b, base_url: 'http://127.0.0.1:9'}"]
        code, _, err = finish(its(*call, "--set", "select=vote"))
        assert code == 2, err
        assert said in err
        assert "Traceback" not in err


def test_a_run_from_before_is_resumed_although_there_is_a_key_more(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 1)
    with hostile_process({"tokens": 8}) as server:
        call = ["solve", str(problems), "-o", str(tmp_path / "run"), "-m", "loopback", "-q"]
        call += ["--base-url", server.url, "-c", "greedy"]
        assert finish(its(*call))[0] == 0
    described = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert '"cut"' not in orjson.dumps(described.get("identity", {})).decode()
