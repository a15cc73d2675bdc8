"""Every search over steps, and choosing among whole samples, on the project's own verifier as a
served process reward: it decides, and the accounts are what the server counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import its
from its.pipeline.load import load_pipeline
from its.testing import FakeModel
from tests.servers.verifier import NAME, ServedVerifier, served_verifier

QUESTIONS = (("417-25*33+982-6*47", "292"), ("6*52-9*37+519-8*41", "170"))
PROBLEMS = [{"question": question, "answer": answer} for question, answer in QUESTIONS]


@pytest.fixture(scope="module")
def verifier() -> Iterator[ServedVerifier]:
    with served_verifier() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        {"strategy": "beam", "n": 2, "branching": 2},
        {"strategy": "dvts", "n": 2, "branching": 2},
        {"strategy": "rebase", "n": 2},
        {"strategy": "particle_filter", "n": 3},
        {"strategy": "fk_steering", "n": 2},
        {"strategy": "particle_gibbs", "n": 2},
        {"strategy": "best_first", "n": 1, "branching": 2},
        {"strategy": "mcts", "expansions": 4, "branching": 2},
        {"strategy": "best_of_n", "n": 6},
    ],
    ids=lambda stage: str(stage["strategy"]),
)
def test_it_runs_whole(stage: dict[str, Any], verifier: ServedVerifier, tmp_path: Path) -> None:
    before = verifier.counts()
    settings = {
        "model.name": "embedded",
        "model.temperature": 1.2,
        "stages": [stage | {"style": "step_by_step"}],
        "select": {"method": "weighted_vote", "reward": verifier.reward()},
        "budget": {"max": 60, "per_difficulty": 60},
        "stop": "none",
    }
    rows = list(its.solve(PROBLEMS, load_pipeline("self_consistency", settings), run=tmp_path))
    assert [row.status for row in rows] == ["answered"] * 2
    events = [orjson.loads(line) for line in (tmp_path / "traces.jsonl").read_bytes().splitlines()]
    scores = [event["value"] for event in events if event["event"] == "score"]
    assert scores
    assert all(0 <= score <= 1 for score in scores), "no score was missing"
    counted = {name: value - before[name] for name, value in verifier.counts().items()}
    bill = orjson.loads((tmp_path / "compute.json").read_bytes())["by_model"][NAME]
    assert bill["calls"] == counted["calls"]
    assert bill["prompt_tokens"] == counted["tokens"]
    assert bill["estimated"] == 0


@pytest.mark.slow
def test_it_scores_a_wrong_line_below_a_right_one(verifier: ServedVerifier, tmp_path: Path) -> None:
    right, wrong = "3*4=12; 2+12\n2+12=14\nAnswer: 14", "3*4=13; 2+13\n2+13=15\nAnswer: 15"
    settings = {
        "stages": [{"strategy": "best_of_n", "n": 2}],
        "select": {"method": "best_of_n", "guard": False, "reward": verifier.reward()},
    }
    fake = FakeModel(lambda _, number: right if number % 2 else wrong)
    plan = load_pipeline("best_of_n", settings)
    (row,) = its.solve(["2+3*4"], plan, models={"model": fake})
    assert row.answer == "14"
