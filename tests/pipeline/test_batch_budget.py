"""One budget for a batch, in process: every problem is answered, and none pays for waiting."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import its
from its.allocation.batch import BatchPolicy, DrawState
from its.models.protocol import Received, Reply, Request
from its.testing import FakeModel


def pipeline(budget: int, **settings: Any) -> its.Pipeline:
    base = {"budget": {"batch": str(budget)}, "stages": [{"strategy": "self_consistency", "n": 20}]}
    return its.load_pipeline("self_consistency", base | settings, model="fake")


def number_of(request: Request) -> int:
    found = re.search(r"Question (\d+)\?", request.messages[-1].content)
    assert found is not None
    return int(found[1])


def sure(request: Request, number: int) -> str:
    return f"Answer: {number_of(request)}"


def wavering(request: Request, number: int) -> str:
    prompt = request.messages[-1].content
    if "how likely" in prompt:
        return "Score: 5"
    if "[[A]]" in prompt:
        return "[[A]]"
    return f"Answer: {number % 3}"


QUESTIONS = [f"Question {n}?" for n in range(20)]
SCORED: dict[str, Any] = {"method": "weighted_vote", "reward": "self_evaluation"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"select": SCORED},
        {"select": {"method": "weighted_vote", "reward": "league"}},
        {"select": "knockout"},
        {"verify": {"attempts": 2}},
    ],
)
@pytest.mark.parametrize("budget", [20, 40])
def test_a_budget_of_one_sample_per_problem_answers_every_problem(
    settings: dict[str, Any], budget: int
) -> None:
    model = FakeModel(sure)
    rows = list(its.solve(QUESTIONS, pipeline(budget, **settings), models={"model": model}))
    assert Counter(row.status for row in rows) == {"answered": 20}
    assert model.completions <= budget


@pytest.mark.parametrize(
    "select", [SCORED, "knockout", {"method": "weighted_vote", "reward": "league"}]
)
def test_what_choosing_needs_is_held_back_where_answers_differ(select: Any) -> None:
    model = FakeModel(wavering)
    rows = list(its.solve(QUESTIONS, pipeline(90, select=select), models={"model": model}))
    assert all(row.status == "answered" for row in rows)
    judged = sum(
        "how likely" in r.messages[-1].content or "[[A]]" in r.messages[-1].content
        for r in model.requests
    )
    assert 70 <= model.completions <= 90
    assert judged >= 20


class SlowForOne(FakeModel):
    """Takes longer over the second question than any problem may."""

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        if number_of(request) == 1:
            await asyncio.sleep(5)
        return await FakeModel.complete(self, request, n, received=received)


def test_waiting_for_the_rounds_of_others_takes_none_of_a_problems_time() -> None:
    """The first round lasts until the other problem runs out of time; this one goes on."""
    plan = its.load_pipeline(
        "self_consistency", {"budget": {"batch": "20", "seconds": 1.0}}, model="fake"
    )
    model = SlowForOne(wavering)
    rows = {row.index: row for row in its.solve(QUESTIONS[:2], plan, models={"model": model})}
    assert rows[0].spent > 1
    assert rows[0].status == "answered"


def test_a_small_batch_draws_several_samples_in_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve problems of eight samples each need no 84 rounds."""
    granted: list[int] = []
    grants = BatchPolicy.grants

    def counted(policy: BatchPolicy, states: Sequence[DrawState], budget: float) -> list[int]:
        granted.append(sum(found := grants(policy, states, budget)))
        return found

    monkeypatch.setattr(BatchPolicy, "grants", counted)
    model = FakeModel(wavering)
    list(its.solve(QUESTIONS[:12], pipeline(96), models={"model": model}))
    assert sum(granted) == model.completions == 96
    assert len(granted) < 96 / 3


def test_a_file_is_shuffled_before_it_is_cut_into_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hard problems first: a window of them alone would have to share what one window may spend."""
    monkeypatch.setattr("its.runs.windows.WINDOW", 10)

    def script(request: Request, number: int) -> str:
        hard = number_of(request) < 20
        return f"Answer: {number % 3}" if hard else "Answer: 7"

    path = tmp_path / "problems.jsonl"
    lines = [json.dumps({"id": f"p{n}", "question": f"Question {n}?"}) for n in range(40)]
    path.write_text("\n".join(lines) + "\n")
    model = FakeModel(script)
    rows = {row.index: row.spent for row in its.solve(path, pipeline(160), models={"model": model})}
    hard = sum(rows[n] for n in range(20))
    assert hard > 100, "in the order of the file they would have shared two windows: 80 at most"
    assert sum(rows.values()) <= 160
