"""One problem through a pipeline, in process: what is asked, chosen, spent and refused."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import its
from its.errors import PermanentCallError, TransientCallError
from its.models.protocol import Request
from its.pipeline.ceiling import most_completions
from its.pipeline.config import Pipeline
from its.prompts import load_prompt_set
from its.testing import FakeModel, ScriptedReply
from tests.pipeline.scripted import answers, model, pipeline

QUESTION = "How many?"
JUDGED = {"select": {"method": "weighted_vote", "reward": "self_evaluation"}}


def solved(plan: Pipeline, **models: FakeModel) -> its.Solution:
    (solution,) = its.solve([QUESTION], plan, models=models)
    return solution


# --- choosing ---------------------------------------------------------------------------------


def test_guesses_never_outvote_an_answer_that_was_stated() -> None:
    fake = model(attempt=["it may be 7", "perhaps 7", "Answer: 5"])
    assert solved(pipeline({"stages.0.n": 3}), model=fake).answer == "5"


def test_guesses_vote_where_nothing_was_stated() -> None:
    fake = model(attempt=["it may be 7", "perhaps 7", "could be 5"])
    assert solved(pipeline({"stages.0.n": 3}), model=fake).answer == "7"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("12", None),
        ("Answer: 12", None),
        ("It is \\boxed{12}", "12"),
        ("Answer: 12\nThat is", "12"),
    ],
)
def test_an_answer_that_the_cut_may_have_broken_is_none(said: str, answer: str | None) -> None:
    fake = model(attempt=[ScriptedReply(said, finish="length")])
    assert solved(pipeline({"stages.0.n": 1}), model=fake).answer == answer


def test_a_rejected_answer_gives_way_to_the_next() -> None:
    plan = pipeline({"stages.0.n": 5, "verify": {"attempts": 2}})
    fake = model(attempt=answers(7, 7, 7, 5, 5), verify=["Verdict: no", "Verdict: yes"])
    solution = solved(plan, model=fake)
    assert (solution.answer, fake.completions) == ("5", 7)


def test_after_a_rejected_winner_no_comparison_is_paid_for_again() -> None:
    def larger(request: Request) -> str:
        first, second = re.findall(r"Answer: (\d)", request.messages[-1].content)
        return "[[A]]" if first > second else "[[B]]"

    asked = {"attempt": "ATTEMPT {question} {style}", "verify": "VERIFY {question} {fenced}"}
    asked["pairwise"] = "PAIR {question} {first} {second}"
    settings = {"stages.0.n": 4, "select": "knockout", "verify": {"attempts": 2}}
    plan = pipeline(settings | {"budget.max": 40, "prompts.overrides": asked})
    checks = ["Verdict: no", "Verdict: yes"]
    fake = model(attempt=answers(9, 4, 3, 1), pair=larger, verify=checks)
    solution = solved(plan, model=fake)
    # three matches, then 3 against 1 alone: 4 against 3 is known; two comparisons each
    assert (solution.answer, fake.completions) == ("4", 4 + 6 + 2 + len(checks))


def test_nothing_is_scored_after_an_early_stop() -> None:
    plan = pipeline(
        {"stages.0.n": 12, "stop": "adaptive_consistency", "judge.name": "judge", **JUDGED}
    )
    solver = model(attempt=answers(7, 5, 7))
    judge = model(score=["Score: 9"])
    solution = solved(plan, model=solver, judge=judge)
    assert (solution.answer, solver.completions, judge.completions) == ("7", 7, 0)


@pytest.mark.parametrize(("difficulty", "drawn"), [(1, 3), (2, 5)])
def test_a_stage_waits_for_the_budget_that_it_is_for(difficulty: int, drawn: int) -> None:
    stages = [
        {"strategy": "self_consistency", "n": 3},
        {"strategy": "best_of_n", "n": 2, "from_budget": 20},
    ]
    plan = pipeline({"stages": stages, "difficulty": {"method": "fixed", "value": difficulty}})
    fake = model(attempt=answers(7, 5, 3, 2))
    assert solved(plan, model=fake).planned == 10 * difficulty
    assert fake.completions == drawn


def test_scoring_is_held_back_from_the_samples() -> None:
    plan = pipeline({"stages.0.n": 20, "budget.max": 9, "judge.name": "judge", **JUDGED})
    solver = model(attempt=answers(*range(1, 20)))
    judge = model(score=["Score: 9"])
    solution = solved(plan, model=solver, judge=judge)
    assert (solver.completions, judge.completions) == (5, 4)
    assert solution.spent == solution.planned == 9


def test_scores_decide_where_votes_are_even() -> None:
    plan = pipeline({"stages.0.n": 2, **JUDGED})
    fake = model(
        attempt=answers(7, 5),
        score=lambda request: (
            "Score: 9" if "Answer: 5" in request.messages[-1].content else "Score: 2"
        ),
    )
    assert solved(plan, model=fake).answer == "5"


# --- cascades ---------------------------------------------------------------------------------

CASCADE = {
    "stages.0.n": 4,
    "models": {"large": {"name": "large"}},
    "cascade": {
        "models": ["large"],
        "threshold": 0.8,
        "stages": [{"strategy": "self_consistency", "n": 2}],
    },
}


def test_a_sure_problem_stays_with_the_small_model() -> None:
    small, large = model(attempt=answers(7)), model(attempt=answers(5))
    solution = solved(pipeline(CASCADE), model=small, large=large)
    assert (solution.answer, small.completions, large.completions) == ("7", 4, 0)


async def test_an_unsure_one_escalates_and_keeps_what_the_small_model_said() -> None:
    small, large = model(attempt=answers(7, 6, 7, 6)), model(attempt=answers(5))
    models = {"model": small, "large": large}
    async with its.Session(pipeline(CASCADE), models=models) as session:
        (solution,) = [row async for row in session.solve([QUESTION])]
        (history,) = session.active.solver.histories.values()
    assert (solution.answer, small.completions, large.completions) == ("5", 4, 2)
    assert history.classes == (0, 1, 0, 1, 2, 2)


def test_a_larger_model_without_an_answer_leaves_the_smaller_ones() -> None:
    nothing: tuple[str | Exception, ...] = ("", PermanentCallError("no"))
    for reply in nothing:
        small, large = model(attempt=answers(7, 6, 7)), model(attempt=[reply])
        assert solved(pipeline(CASCADE), model=small, large=large).answer == "7"
        assert large.completions + large.failures > 0


# --- budgets with failures --------------------------------------------------------------------


def test_a_failed_attempt_is_charged_and_tried_again() -> None:
    fake = model(attempt=[TransientCallError("reset"), *answers(7)])
    solving = its.solve([QUESTION], pipeline({}, "greedy"), models={"model": fake})
    (solution,) = solving
    assert (solution.answer, len(fake.requests)) == ("7", 2)
    assert solution.usage.prompt_tokens == 2 * fake.prompt_tokens
    assert solving.result is not None
    totals = solving.result.accounting.totals
    assert totals.usage.prompt_tokens == solution.usage.prompt_tokens
    assert (totals.usage.estimated_tokens, totals.retries) == (fake.prompt_tokens, 1)


def test_nothing_is_tried_again_once_failures_have_used_the_budget() -> None:
    prompt = len(f"ATTEMPT {QUESTION} {load_prompt_set('general').plain}".split())
    fake = model(attempt=[TransientCallError("reset"), *answers(7)])
    plan = pipeline({"budget.tokens": 50 + prompt}, "greedy")
    solution = solved(plan, model=fake)
    assert (solution.status, len(fake.requests)) == ("failed", 1)
    assert "used up the budget" in (solution.error or "")


def test_a_problem_whose_every_call_fails_is_a_failed_row_with_the_reason() -> None:
    solution = solved(
        pipeline({}, "greedy"), model=model(attempt=[PermanentCallError("bad request")])
    )
    assert (solution.status, solution.answer) == ("failed", None)
    assert "bad request" in (solution.error or "")


def test_every_stage_draws_seeds_of_its_own() -> None:
    stages = [{"strategy": "self_consistency", "n": 2}, {"strategy": "self_consistency", "n": 2}]
    fake = model(attempt=answers(1, 2, 3, 4))
    fake.capabilities = its.Capabilities()
    solved(pipeline({"stages": stages}), model=fake)
    seeds = [request.seed for request in fake.requests]
    assert len(set(seeds)) == len(seeds) == 4


def test_what_was_cancelled_is_in_the_accounts() -> None:
    overrides = {"stages.0.n": 16, "stop": {"rule": "adaptive_consistency", "lookahead": 8}}
    fake = model(attempt=answers(7))
    fake.delay, fake.capabilities = 0.05, its.Capabilities()
    plan = pipeline({**overrides, "model.concurrency": 4})
    solving = its.solve([QUESTION], plan, models={"model": fake})
    (solution,) = solving
    assert solving.result is not None
    totals = solving.result.accounting.totals
    assert totals.cancelled > 0
    assert totals.usage.prompt_tokens == solution.usage.prompt_tokens
    assert (solution.usage.prompt_tokens or 0) > fake.prompt_tokens


def test_tokens_that_a_call_did_not_use_are_given_back_to_the_rate() -> None:
    limits = {"model.tokens_per_minute": 60_000, "model.concurrency": 1}
    plan = pipeline({"model.max_tokens": 5000, "stages.0.n": 8, **limits})
    fake = model(attempt=answers(7))
    fake.capabilities = its.Capabilities()

    async def run() -> list[its.Solution]:
        async with asyncio.timeout(8):
            return [row async for row in its.solve([QUESTION], plan, models={"model": fake})]

    (solution,) = asyncio.run(run())
    assert solution.usage.completions == 8


# --- one budget for a batch -------------------------------------------------------------------


def batch_of(count: int) -> list[dict[str, str]]:
    return [{"id": str(n), "question": f"Question {n}?"} for n in range(count)]


def wavering(request: its.Request) -> str:
    """The right answer in three of five samples."""
    return f"Answer: {1 if Random(request.seed).random() < 0.6 else 2}"


@pytest.mark.parametrize("windows", [1, 3])
def test_one_budget_holds_over_all_windows_and_is_used(
    windows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("its.runs.windows.WINDOW", 12 // windows)
    plan = pipeline({"budget.batch": "40", "stages.0.n": 20, "budget.max": 20})
    fake = model(attempt=wavering)
    rows = list(its.solve(batch_of(12), plan, models={"model": fake}))
    assert sum(row.usage.completions for row in rows) == fake.completions
    assert 18 <= fake.completions <= 40
    assert all(row.status == "answered" for row in rows)
    for window in range(windows):
        here = [row for row in rows if row.index // (12 // windows) == window]
        assert sum(row.usage.completions for row in here) <= 40 / windows * 1.5


def test_a_recorded_window_still_counts_against_the_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("its.runs.windows.WINDOW", 4)
    plan = pipeline({"budget.batch": "4", "stages.0.n": 20, "budget.max": 20})
    first = model(attempt=wavering)
    list(its.solve(batch_of(4), plan, models={"model": first}, run=tmp_path))
    assert first.completions >= 2
    second = model(attempt=wavering)
    list(its.solve(batch_of(7), plan, models={"model": second}, run=tmp_path))
    assert first.completions + second.completions <= 4
    totals = orjson.loads((tmp_path / "compute.json").read_bytes())["totals"]
    assert totals["completions"] == first.completions + second.completions


# --- the announced bound ----------------------------------------------------------------------

STAGES = st.lists(
    st.sampled_from(
        [
            {"strategy": "greedy"},
            {"strategy": "attempts", "n": 3},
            {"strategy": "self_consistency", "n": 4},
            {"strategy": "best_of_n", "n": 2},
            {"strategy": "ab_mcts", "n": 3},
            {"strategy": "beam", "n": 2, "branching": 2},
        ]
    ),
    min_size=1,
    max_size=3,
)


@given(
    stages=STAGES,
    difficulty=st.sampled_from(["ask", "fixed", "length", {"method": "probe", "samples": 2}]),
    cap=st.integers(4, 60),
    method=st.sampled_from(["weighted_vote", "universal", "knockout", "vote"]),
    verify=st.sampled_from([None, {"attempts": 2}]),
)
@settings(max_examples=25, deadline=None)
def test_no_run_spends_more_than_the_announced_bound(
    stages: list[dict[str, object]], difficulty: object, cap: int, method: str, verify: object
) -> None:
    select = {"method": method, "reward": "self_evaluation"}
    given_ = {"stages": stages, "difficulty": difficulty, "budget.max": cap, "select": select}
    plan = pipeline(given_ | ({"verify": verify} if verify else {}))
    fake = FakeModel(lambda request, number: f"Score: {1 + number % 9}\nAnswer: {number % 4}")
    solution = solved(plan, model=fake)
    assert fake.completions == solution.usage.completions <= most_completions(plan)
