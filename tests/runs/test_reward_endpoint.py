"""Whole runs that choose by a served reward model: right answers, one bill, and resume."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from tests.runs.command import compute_of, decided, finish, its, rows_of, write_problems
from tests.servers.odd import Asked, Counted, OddServer, odd_server, says
from tests.servers.rewards import RewardServer, reward_server

REWARD_CONCURRENCY = 4


def sums(asked: Asked, counted: Counted) -> bytes:
    """A solver that is wrong two times in three, always by the same number."""
    number = re.search(r"What is (\d+) \+", str(asked.body["messages"]))
    if number is None:
        return says(asked, counted)
    n, slip = int(number[1]), 0 if int(asked.body["seed"]) % 3 == 0 else 1
    return says(asked, counted, f"{n} + {n} = {2 * n + slip}\n\nAnswer: {2 * n + slip}")


def start(
    solver: OddServer, rewards: RewardServer, folder: Path, *more: str
) -> subprocess.Popen[bytes]:
    file = write_problems(folder / "problems.jsonl", 4)
    reward = {
        "method": "endpoint",
        "base_url": rewards.url,
        "name": rewards.model,
        "api": "vllm_pooling",
        "step_end": "<extra_0>",
        "aggregation": "min",
        "concurrency": REWARD_CONCURRENCY,
    }
    command = ("solve", str(file), "-q", "-o", str(folder / "run"), "-c", "best_of_n")
    chosen = ("-m", "loopback", "--base-url", solver.url, "--set", "select.guard=false")
    settings = ("--set", f"select.reward={orjson.dumps(reward).decode()}", "--set", "stages.0.n=12")
    return its(*command, *chosen, *settings, *more)


async def solve(solver: OddServer, rewards: RewardServer, folder: Path, *more: str) -> int:
    code, _, _ = await asyncio.to_thread(finish, start(solver, rewards, folder, *more))
    return code


def wait_for(rewards: RewardServer, texts: int) -> None:
    while rewards.texts < texts:
        time.sleep(0.005)


def rights(rows: Sequence[dict[str, object]]) -> int:
    return sum(row["correct"] is True for row in rows)


async def test_a_served_reward_finds_what_a_vote_does_not_and_is_billed_apart(
    tmp_path: Path,
) -> None:
    async with reward_server() as rewards:
        with odd_server(sums) as solver:
            assert await solve(solver, rewards, tmp_path) == 0
            assert rights(rows_of(tmp_path / "run")) == 4
            asked = rewards.calls
            bill = compute_of(tmp_path / "run")
            assert await solve(solver, rewards, tmp_path) == 0
            assert rewards.calls == asked, "a finished run asks nothing again"
    by_model, by_strategy = bill["by_model"]["toy-reward"], bill["by_strategy"]["reward"]
    probe = 1
    assert by_model["calls"] == rewards.calls
    assert by_model["completions"] == rewards.texts
    assert by_model["prompt_tokens"] == rewards.tokens
    assert by_model["estimated"] == 0
    assert by_strategy["calls"] == rewards.calls - probe
    assert by_strategy["seconds"] > 0
    models = bill["by_model"].values()
    assert bill["totals"]["calls"] == sum(model["calls"] for model in models)


async def test_a_run_killed_while_it_scores_buys_no_score_twice(tmp_path: Path) -> None:
    async with reward_server(pause=0.02) as rewards:
        with odd_server(sums) as solver:
            whole, killed = tmp_path / "whole", tmp_path / "killed"
            whole.mkdir()
            killed.mkdir()
            assert await solve(solver, rewards, whole) == 0
            once = rewards.texts
            process = start(solver, rewards, killed)
            await asyncio.to_thread(wait_for, rewards, once + once // 2)
            process.kill()
            await asyncio.to_thread(finish, process)
            assert await solve(solver, rewards, killed) == 0
    assert decided(rows_of(killed / "run")) == decided(rows_of(whole / "run"))
    in_flight, probes = REWARD_CONCURRENCY, 2
    assert rewards.texts <= 2 * once + in_flight + probes, "what had arrived is not bought again"
    bill = compute_of(killed / "run")["by_model"]["toy-reward"]
    lost = compute_of(killed / "run")["unattributed"]
    assert bill["calls"] - lost["failed_calls"] <= rewards.calls


async def test_a_reward_server_that_is_not_there_ends_the_run_before_it_pays(
    tmp_path: Path,
) -> None:
    with odd_server(sums) as solver:
        nowhere = RewardServer(url="http://127.0.0.1:9")
        assert await solve(solver, nowhere, tmp_path) == 4
        assert not [a for a in solver.counted.asked if "What is" in str(a.body["messages"])]


async def test_its_address_limits_and_key_are_no_part_of_a_runs_identity(tmp_path: Path) -> None:
    async with reward_server() as first, reward_server() as second:
        with odd_server(sums) as solver:
            assert await solve(solver, first, tmp_path) == 0
            assert await solve(solver, second, tmp_path) == 0
            assert second.texts <= 1, "the rows are there; only a probe may be asked"


async def test_its_check_says_how_a_reward_model_is_asked(tmp_path: Path) -> None:
    async with reward_server() as rewards:
        reward = f"{{method: endpoint, base_url: {rewards.url}, name: toy-reward, api: tei_rerank}}"
        file = tmp_path / "pipeline.yaml"
        file.write_text(
            "stages: [{strategy: best_of_n, n: 2}]\n"
            f"select: {{method: best_of_n, reward: {reward}}}\n"
        )
        code, out, _ = await asyncio.to_thread(finish, its("check", str(file)))
    said = out.decode()
    assert code == 0
    assert "# reward:toy-reward: toy-reward at http://127.0.0.1:" in said
    _, _, of_reward = said.partition("# reward:toy-reward")
    assert "scores replies through tei_rerank" in of_reward
    assert "stop strings" not in of_reward
