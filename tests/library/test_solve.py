"""`its.solve` and `its.Session`: a batch from Python, plain or in a coroutine."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

import its

QUESTIONS: list[str | dict[str, str]] = [
    "Calculate 2+3*4.",
    {"id": "b", "question": "Calculate 7*8-3.", "answer": "53"},
]


def test_solutions_come_from_questions_mappings_and_problems() -> None:
    third = its.Problem("c", 9, its.Question("Calculate 9-4."), reference="5")
    solving = its.solve([*QUESTIONS, third], "greedy")
    rows = {solution.id: solution for solution in solving}
    assert {id: row.answer for id, row in rows.items()} == {"line:1": "14", "b": "53", "c": "5"}
    assert [rows[id].correct for id in ("line:1", "b", "c")] == [None, True, True]
    assert solving.result is not None
    totals = solving.result.accounting.totals.usage
    assert totals.completions == sum(row.usage.completions for row in rows.values()) == 3


def test_what_is_no_problem_is_a_failed_solution_and_the_others_run() -> None:
    rows = list(its.solve(["Calculate 1+1.", {"answer": "3"}], "greedy"))
    assert sorted((row.status, row.answer) for row in rows) == [
        ("answered", "2"),
        ("failed", None),
    ]


def test_a_notebook_shows_a_small_table_without_any_markup_of_the_run() -> None:
    solving = its.solve([{"id": "<b>x</b>", "question": "Calculate 1+1.", "answer": "2"}], "greedy")
    assert solving._repr_html_() is None
    list(solving)
    shown = solving._repr_html_() or ""
    assert "1 of 1, 100.0 %" in shown
    assert "<b>" not in shown


async def test_a_coroutine_iterates_with_async_for() -> None:
    answers = [solution.answer async for solution in its.solve(QUESTIONS, "greedy")]
    assert sorted(answers, key=str) == ["14", "53"]


def test_a_run_directory_is_kept_and_resumed(tmp_path: Path) -> None:
    first = [solution.as_dict() for solution in its.solve(QUESTIONS, "greedy", run=tmp_path)]
    again = its.solve(QUESTIONS, "greedy", run=tmp_path)
    assert sorted(map(str, (row.as_dict() for row in again))) == sorted(map(str, first))
    assert again.result is not None
    assert again.result.standing.recorded == 2
    assert orjson.loads((tmp_path / "compute.json").read_bytes())["totals"]["completions"] == 2


def test_leaving_the_loop_early_ends_the_batch() -> None:
    many = [f"Calculate {n}+{n}*2." for n in range(400)]
    solving = its.solve(many, "greedy")
    for _ in solving:
        break
    assert solving.result is not None
    assert solving.result.standing.done < 400


def test_a_file_is_solved_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"question": "Calculate 3+4."}\nno JSON\n')
    rows = sorted(its.solve(path, "greedy"), key=lambda row: row.index)
    assert [(row.answer, row.status) for row in rows] == [("7", "answered"), (None, "failed")]


def test_faults_of_the_configuration_are_raised_at_once() -> None:
    with pytest.raises(its.ConfigurationError, match="did you mean"):
        its.solve(["?"], "gready")
    with pytest.raises(its.ConfigurationError, match="needs a reward"):
        its.load_pipeline("self_consistency", {"select": "weighted_vote"}, model="m")


async def test_an_open_session_solves_several_batches_within_one_run(tmp_path: Path) -> None:
    async with its.Session(its.load_pipeline("greedy"), run=tmp_path) as session:
        one = [row.answer async for row in session.solve(["Calculate 1+2."])]
        two = [row.answer async for row in session.solve(["Calculate 1+2.", "Calculate 2+2."])]
    assert (one, sorted(map(str, two))) == (["3"], ["3", "4"])
    assert session.result is not None
    assert session.result.accounting.totals.usage.completions == 2


def test_the_public_names_are_exactly_all_and_each_is_documented() -> None:
    public = {name for name in dir(its) if not name.startswith("_")} | {"__version__"}
    assert set(its.__all__) == public - {"__version__"}
    for name in its.__all__:
        assert (getattr(its, name).__doc__ or "").strip(), name
    assert not hasattr(its, "no_such_name")
