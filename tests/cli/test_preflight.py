"""What cannot work costs nothing: exit 2 after the probe, by the endpoint's own count."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.cli.process import its, problems_file, solve
from tests.servers.dialect import Dialect
from tests.servers.hostile import Behaviour, HostileServer

PRICED = ("--set", "model.price={input: 1, output: 2}")
CASES = {
    "a step search where nothing is continued": (
        ("--set", "stages=[{strategy: beam, reward: self_evaluation}]"),
        "continues partial answers, which loopback does not",
    ),
    "a cascade stage without its reward": (
        (
            *("--set", "models={large: {name: loopback}}"),
            *("--set", "cascade={models: [large], stages: [{strategy: beam}]}"),
        ),
        "cascade.stages.0: strategy beam needs a reward",
    ),
    "a cap on money with a judge of no price": (
        (
            *PRICED,
            *("--set", "budget.usd=1", "--set", "judge={name: loopback}"),
            *("--set", "select={method: weighted_vote, reward: self_evaluation}"),
        ),
        "set judge.price.input",
    ),
    "a weighted vote without a reward": (
        ("--set", "select=weighted_vote"),
        "weighted_vote needs a reward",
    ),
    "a context too small": (("--set", "model.max_tokens=9000"), "leave no room for a prompt"),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_cannot_work_is_refused_before_any_problem_is_asked(
    case: str, tmp_path: Path
) -> None:
    overrides, said = CASES[case]
    rows = [{"question": f"What is {n} + 1?"} for n in range(5)]
    problems_file(tmp_path / "p.jsonl", rows)
    async with HostileServer(Behaviour(dialect=Dialect(context=8192))) as server:
        model = ("-m", "loopback", "--base-url", server.url)
        await its("check", "greedy", *model, cwd=tmp_path)
        probes = server.stats.completions
        ended = await solve(server, "p.jsonl", "-o", "run", *overrides, cwd=tmp_path)
        completions = server.stats.completions - probes
    assert (ended.code, ended.out) == (2, b"")
    assert said in ended.err
    assert "Traceback" not in ended.err
    accounts = tmp_path / "run" / "compute.json"
    assert not accounts.exists(), "no problem was begun"
    assert completions <= probes


async def test_a_remote_model_named_like_the_embedded_ones_is_a_remote_model(
    tmp_path: Path,
) -> None:
    problems_file(tmp_path / "p.jsonl", [{"question": "What is 1 + 1?"}])
    serves_any = Behaviour(dialect=Dialect(unknown_model=200))
    async with HostileServer(serves_any) as server:
        ended = await solve(server, "p.jsonl", "-m", "embedded-qwen", "-o", "run", cwd=tmp_path)
        assert server.stats.completions > 0
    assert ended.code in (0, 3), ended.err
    described = orjson.loads((tmp_path / "run" / "run.json").read_bytes())
    assert described["configuration"]["model"]["name"] == "embedded-qwen"
    assert described["configuration"]["judge"] is None
    assert described["configuration"]["model"]["max_tokens"] == 1024
