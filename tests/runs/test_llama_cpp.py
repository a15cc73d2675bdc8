"""The main job on a real llama.cpp server: its own counters are the truth."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.runs.command import compute_of, finish, its, rows_of
from tests.runs.test_faults import sums_agree
from tests.servers.llama_cpp import LlamaCpp, llama_cpp, shipped_weights
from tests.servers.process import ROOT

GSM8K = ROOT.parent / "shared" / "data" / "problems" / "gsm8k-test.jsonl"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def command(problems: Path, run: Path, server: LlamaCpp, *more: str) -> list[str]:
    arguments = ["solve", str(problems), "-q", "-o", str(run), "-m", server.name]
    return [*arguments, "--base-url", server.base_url, *more]


@pytest.mark.skipif(not GSM8K.exists(), reason="recorded problems are not here")
def test_the_accounts_equal_the_servers_count(tmp_path: Path) -> None:
    with llama_cpp(shipped_weights("small-solver"), slots=8, context=4096) as server:
        call = command(
            GSM8K,
            tmp_path / "run",
            server,
            "--limit",
            "20",
            "--set",
            "model.max_tokens=96",
            "--concurrency",
            "8",
        )
        code, _, err = finish(its(*call), timeout=300)
        assert code in (0, 3), err
        truth = server.counters()
    run = tmp_path / "run"
    assert sorted(path.name for path in run.iterdir() if not path.name.startswith(".")) == [
        "compute.json",
        "journal.sqlite",
        "run.json",
        "solutions.jsonl",
        "traces.jsonl",
    ]
    assert len(rows_of(run)) == 20
    accounts = compute_of(run)
    totals, probe = accounts["totals"], accounts["by_stage"]["probe"]
    refused = totals["failed_calls"]  # prompts too long for its context: begun, never run
    assert totals["completions"] + refused == truth.completions
    assert totals["prompt_tokens"] == truth.prompt_tokens
    assert totals["completion_tokens"] == truth.completion_tokens
    assert totals["estimated"] == probe["estimated"], "it reports one choice of two in the probe"
    sums_agree(run)


def test_cancelling_saves_what_surplus_calls_would_have_produced(tmp_path: Path) -> None:
    """Forty samples are asked for, as many at once as the server has slots; the first four agree,
    those already running behind them are cut off, and the rest is never sent."""
    problems = tmp_path / "problems.jsonl"
    question = "12+7+31+5+18+44+9+27+63+8+51+16+4+39"
    problems.write_bytes(orjson.dumps({"id": "one", "question": question}) + b"\n")
    samples = (
        *("-c", "self_consistency", "--set", "model.prompts=embedded"),
        *("--set", "model.temperature=0", "--set", "stages.0.n=40"),
        *("--set", "budget.max=40", "--set", "model.max_tokens=512", "--concurrency", "4"),
    )
    eager = ("--set", "stop.rule=adaptive_consistency", "--set", "stop.lookahead=36")
    with llama_cpp(shipped_weights("large-solver"), slots=4, context=1024) as server:
        produced = spend(server, command(problems, tmp_path / "whole", server, *samples))
        spent = spend(server, command(problems, tmp_path / "cut", server, *samples, *eager))
    surplus = produced * 36 / 40
    saved = produced - spent
    assert compute_of(tmp_path / "cut")["totals"]["cancelled"] > 0
    # What was running when the fourth came, and how soon the server notices, differs.
    assert saved >= 0.75 * surplus, f"{saved} of {surplus:.0f} surplus tokens saved"


def spend(server: LlamaCpp, arguments: list[str]) -> int:
    """Completion tokens that the server produced for a run, its probe left out."""
    before = server.counters().completion_tokens
    code, _, err = finish(its(*arguments))
    assert code == 0, err
    run = Path(arguments[arguments.index("-o") + 1])
    probed = compute_of(run)["by_stage"].get("probe", {})  # none where an earlier run asked
    return server.counters().completion_tokens - before - int(probed.get("completion_tokens", 0))
