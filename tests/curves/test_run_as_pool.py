"""Every run directory is itself a pool."""

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from its.errors import InputError
from its.models.recorded import load_pool
from tests.curves.conftest import rows, write

pytestmark = pytest.mark.slow


def solve(problems: Path, model: str, run: Path, *settings: str) -> bytes:
    command = [sys.executable, "-m", "its", "solve", str(problems), "-m", model, "-o", str(run)]
    command += ["-c", "self_consistency", "--set", "stages.0.n=6", "--stdout", "--ordered"]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def pool_of_nine(tmp_path: Path) -> Path:
    return write(tmp_path / "pool.jsonl", rows(problems=9, samples=8))


@pytest.fixture
def run(pool_of_nine: Path, tmp_path: Path) -> Path:
    prices = ("model.price.input=1.0", "model.price.output=2.0")
    solve(pool_of_nine, f"recorded:{pool_of_nine}", tmp_path / "run", *prices)
    return tmp_path / "run"


def test_a_run_holds_the_samples_that_it_drew(run: Path, pool_of_nine: Path) -> None:
    pool, recorded = load_pool(run), load_pool(pool_of_nine)
    assert pool.biased == ""
    assert (pool.input_price, pool.output_price) == (1.0, 2.0)
    assert pool.flops is None
    assert {p.id: p.question for p in pool.problems} == {
        p.id: p.question for p in recorded.problems
    }
    answers = {p.id: [s.answer for s in p.samples] for p in recorded.problems}
    for problem in pool.problems:
        assert len(problem.samples) == 6
        assert problem.reference == "right"
        assert all(sample.answer in answers[problem.id] for sample in problem.samples)
        assert all(sample.completion_tokens for sample in problem.samples)


def test_what_a_run_scored_is_scored_in_the_pool(tmp_path: Path) -> None:
    problems = write(tmp_path / "p.jsonl", [{"question": "What is 17*23-58*7?", "answer": "-15"}])
    stage = "stages.0={strategy: self_consistency, n: 4, logprobs: true}"
    choice = "select={method: weighted_vote, reward: mean_logprob}"
    solve(problems, "embedded", tmp_path / "run", stage, choice, "model.temperature=1.5")
    events = map(orjson.loads, (tmp_path / "run" / "traces.jsonl").read_bytes().splitlines())
    scored = [event["value"] for event in events if event["event"] == "score"]
    ((problem,), told) = load_pool(tmp_path / "run").problems, sorted(scored)
    assert sorted(sample.score or 0.0 for sample in problem.samples) == told
    assert told[0] > 0


def test_a_run_answers_in_place_of_a_model(run: Path, pool_of_nine: Path, tmp_path: Path) -> None:
    solve(pool_of_nine, f"recorded:{run}", tmp_path / "again")
    first, again = (
        {p.id: sorted(str(s.answer) for s in p.samples) for p in load_pool(path).problems}
        for path in (run, tmp_path / "again")
    )
    assert first == again


def test_a_run_that_stopped_adaptively_is_marked(pool_of_nine: Path, tmp_path: Path) -> None:
    solve(
        pool_of_nine,
        f"recorded:{pool_of_nine}",
        tmp_path / "run",
        "stop.rule=adaptive_consistency",
    )
    assert "adaptive_consistency" in load_pool(tmp_path / "run").biased


def test_a_run_of_other_strategies_is_no_pool(run: Path) -> None:
    traces = run / "traces.jsonl"
    lines = traces.read_bytes().splitlines(keepends=True)
    traces.write_bytes(b"".join(line for line in lines if b'"event":"call"' not in line))
    with pytest.raises(InputError, match="no independent samples"):
        load_pool(run)


def test_recorded_answers_are_the_same_in_any_concurrency(
    pool_of_nine: Path, tmp_path: Path
) -> None:
    outputs = []
    for concurrency in (1, 32):
        run = tmp_path / f"run-{concurrency}"
        rows_ = solve(
            pool_of_nine,
            f"recorded:{pool_of_nine}",
            run,
            f"model.concurrency={concurrency}",
            "stop.rule=adaptive_consistency",
        )
        outputs.append(
            [
                (row["id"], row["answer"], row["confidence"], row["budget"])
                for row in map(orjson.loads, rows_.splitlines())
            ]
        )
    assert outputs[0] == outputs[1]
