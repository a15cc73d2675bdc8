"""Whole runs of a stage that two endpoints of different quality share: who gets the budget."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson

from tests.runs.command import compute_of, decided, finish, its, rows_of, write_problems
from tests.servers.odd import Asked, Counted, OddServer, Writes, bodies, odd_server, says
from tests.servers.rewards import RewardServer, reward_server

PROBLEMS = 6
GOOD, POOR = 9, 2
CONCURRENCY = 2


def right_in_ten(often: int, pause: float = 0.0) -> Writes:
    """A solver that gets so many of ten right, and writes the sum that is wrong otherwise."""

    def writes(asked: Asked, counted: Counted) -> bytes:
        number = re.search(r"What is (\d+) \+", str(asked.body["messages"]))
        if number is None:
            return says(asked, counted)
        time.sleep(pause)
        n, slip = int(number[1]), 0 if int(asked.body["seed"]) % 10 < often else 1
        return says(asked, counted, f"{n} + {n} = {2 * n + slip}\n\nAnswer: {2 * n + slip}")

    return writes


def pipeline(folder: Path, good: OddServer, poor: OddServer, rewards: RewardServer) -> Path:
    endpoint = {"method": "endpoint", "base_url": rewards.url, "name": rewards.model}
    reward = endpoint | {"api": "vllm_pooling", "step_end": "<extra_0>", "aggregation": "min"}
    content = {
        "model": endpoint_of("poor", poor, 1),
        "models": {"good": endpoint_of("good", good, 3)},
        "difficulty": {"method": "fixed", "value": 10},
        "budget": {"max": 60},
        "stages": [{"strategy": "ab_mcts", "n": 20, "models": ["model", "good"]}],
        "select": {"method": "weighted_vote", "reward": reward},
    }
    file = folder / "pipeline.yaml"
    file.write_bytes(orjson.dumps(content))
    return file


def endpoint_of(name: str, server: OddServer, price: int) -> dict[str, object]:
    prices = {"input": price, "output": price}
    return {"name": name, "base_url": server.url, "price": prices, "concurrency": CONCURRENCY}


def wait_for(count: Callable[[], int], enough: int) -> None:
    while count() < enough:
        time.sleep(0.01)


async def test_the_better_of_two_endpoints_gets_most_of_a_searchs_budget(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", PROBLEMS)
    run = tmp_path / "run"
    async with reward_server() as rewards:
        with odd_server(right_in_ten(GOOD)) as good, odd_server(right_in_ten(POOR)) as poor:
            file = pipeline(tmp_path, good, poor, rewards)
            command = ("solve", str(problems), "-c", str(file), "-o", str(run))
            code, _, said = await asyncio.to_thread(finish, its(*command))
            asked = {"good": len(bodies(good)), "model": len(bodies(poor))}
            tokens = {"good": good.counted.tokens, "poor": poor.counted.tokens}
            rows = rows_of(run)
            assert code == 0, said
            again, _, _ = await asyncio.to_thread(finish, its(*command))
            assert again == 0
            assert len(bodies(good)) == asked["good"], "a finished run asks nothing again"
    assert asked["good"] > 0.65 * sum(asked.values()), asked
    assert all(row["correct"] for row in rows)
    told = Counter[str]()
    for row in rows:
        told.update(row["models"])
    assert told == asked, "rows count what the endpoints counted"
    accounts = compute_of(run)
    shares = accounts["shares"]
    assert {name: share["candidates"] for name, share in shares.items()} == asked
    assert sum(share["wins"] for share in shares.values()) == PROBLEMS
    assert sum(share["right"] or 0 for share in shares.values()) == PROBLEMS
    bills = accounts["by_model"]
    for name, counted in tokens.items():
        assert bills[name]["prompt_tokens"] + bills[name]["completion_tokens"] == counted
    assert bills["good"]["usd"] > 2 * bills["poor"]["usd"], "each at its own price"
    assert re.search(
        r"Model good: \d+ candidates \(\d\d\.\d %\), chosen \d+ times, \d+ right", said
    )
    explain = its("explain", "--run", str(run), "--id", rows[0]["id"])
    shown, out, _ = await asyncio.to_thread(finish, explain)
    assert shown == 0
    assert "completions of model, good" in out.decode()
    for model in rows[0]["models"]:
        assert re.search(rf"\n +\d+ +{model} +\w+", out.decode()), out.decode()


async def test_a_killed_run_of_two_models_resumes_to_the_same_rows(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", PROBLEMS)
    async with reward_server() as rewards:
        with (
            odd_server(right_in_ten(GOOD, 0.01)) as good,
            odd_server(right_in_ten(POOR, 0.01)) as poor,
        ):
            file = pipeline(tmp_path, good, poor, rewards)
            command = ("solve", str(problems), "-q", "-c", str(file), "-o")
            assert (await asyncio.to_thread(finish, its(*command, str(tmp_path / "whole"))))[0] == 0

            def asked() -> int:
                return len(bodies(good)) + len(bodies(poor))

            once = asked()
            killed = its(*command, str(tmp_path / "killed"))
            await asyncio.to_thread(wait_for, asked, once + once // 2)
            killed.send_signal(signal.SIGKILL)
            await asyncio.to_thread(finish, killed)
            resumed = its(*command, str(tmp_path / "killed"))
            assert (await asyncio.to_thread(finish, resumed))[0] == 0
            twice = asked() - 2 * once
    assert decided(rows_of(tmp_path / "killed")) == decided(rows_of(tmp_path / "whole"))
    assert twice <= 2 * CONCURRENCY, "nothing that had arrived is bought again"
