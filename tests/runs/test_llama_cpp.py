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
    totals = compute_of(run)["totals"]
    assert totals["completions"] == truth.completions
    assert totals["prompt_tokens"] == truth.prompt_tokens
    assert totals["completion_tokens"] == truth.completion_tokens
    assert totals["estimated"] == 0
    sums_agree(run)


def test_cancelling_saves_what_surplus_calls_would_have_produced(tmp_path: Path) -> None:
    """Forty samples are in flight; four agree, and the other thirty-six are cut off."""
    problems = tmp_path / "problems.jsonl"
    problems.write_bytes(orjson.dumps({"id": "one", "question": "Step by step: 2+3"}) + b"\n")
    samples = (
        "-c",
        "self_consistency",
        "--set",
        "model.prompts=embedded",
        "--set",
        "stages.0.n=40",
        "--set",
        "budget.max=40",
        "--concurrency",
        "40",
    )
    with llama_cpp(shipped_weights("small-solver"), slots=40, context=512) as server:
        before = server.counters()
        whole = command(problems, tmp_path / "whole", server, *samples)
        assert finish(its(*whole))[0] == 0
        produced = server.counters().completion_tokens - before.completion_tokens

        before = server.counters()
        eager = ("--set", "stop.rule=adaptive_consistency", "--set", "stop.lookahead=36")
        call = command(problems, tmp_path / "cut", server, *samples, *eager)
        assert finish(its(*call))[0] == 0
        spent = server.counters().completion_tokens - before.completion_tokens
    print(produced, spent)
    totals = compute_of(tmp_path / "cut")["totals"]
    assert totals["cancelled"] > 0
