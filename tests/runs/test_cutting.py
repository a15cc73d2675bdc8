"""Samples that are stopped while they are written, through the real process on real sockets."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

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
        assert truth["cancelled"] <= accounts["totals"]["cancelled"]
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
    problems = write_problems(tmp_path / "problems.jsonl", 6)
    with hostile_process(SERVER) as server:
        more = ("--concurrency", "8", "-q")
        assert finish(its(*arguments(problems, tmp_path / "whole", server, rule, *more)))[0] == 0
        server.reset()
        call = arguments(problems, tmp_path / "killed", server, rule, *more)
        for kills in (1, 2):
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
    assert accounts["totals"]["calls"] <= once + 2 * 8
