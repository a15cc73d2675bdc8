"""Best-first search over whole solutions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from its.candidates import Candidate
from its.errors import ConfigurationError
from its.models.protocol import Completion, Request
from its.strategies.protocol import Outcome
from its.strategies.solution_search import SolutionSearch, says_yes
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment


def numbered(request: Request, label: str) -> str:
    return f"solution {label}\n\nAnswer: {label}"


def by_number(values: dict[str, float]) -> Callable[[Candidate], float]:
    return lambda candidate: values.get(candidate.id.removeprefix("stage/"), 0.1)


async def search(
    door: ScriptedDoor, values: dict[str, float], strategy: SolutionSearch, completions: int = 1000
) -> Outcome:
    scorer = FreeScorer(by_number(values))
    return await strategy.run(assignment(door, scorer=scorer, completions=completions))


async def test_the_best_solution_not_yet_varied_is_varied_next() -> None:
    door = ScriptedDoor(numbered)
    values = {"0": 0.3, "1": 0.7, "2": 0.5, "3": 0.6, "4": 0.2}
    outcome = await search(door, values, SolutionSearch(initial=3, variations=2, expansions=3))
    parents = {c.id: c.parents for c in outcome.candidates}
    assert parents["stage/3"] == parents["stage/4"] == ("stage/1",)
    assert parents["stage/5"] == parents["stage/6"] == ("stage/3",)
    assert parents["stage/7"] == parents["stage/8"] == ("stage/2",)
    assert len(parents) == 3 + 3 * 2


async def test_a_variation_sees_its_parent_and_a_style() -> None:
    door = ScriptedDoor(numbered)
    await search(door, {"1": 0.7}, SolutionSearch(initial=2, variations=1, expansions=1))
    prompt = dict(door.sent)["2"].messages[-1].content
    assert "solution 1" in prompt
    assert "backwards" in prompt


async def test_a_complete_solution_that_is_good_enough_ends_the_search() -> None:
    door = ScriptedDoor(numbered)
    await search(door, {"1": 0.96}, SolutionSearch(initial=2, enough=0.95))
    assert door.labels == ["0", "1"]


async def test_one_that_was_cut_short_does_not_end_it() -> None:
    def cut(request: Request, label: str) -> str | Completion:
        return Completion("Answer: 1", "length") if label == "1" else numbered(request, label)

    door = ScriptedDoor(cut)
    outcome = await search(door, {"1": 0.99}, SolutionSearch(initial=2, variations=1, expansions=1))
    assert [c.complete for c in outcome.candidates] == [True, False, True]
    assert outcome.candidates[2].parents == ("stage/1",)


async def test_the_model_is_asked_whether_a_solution_is_complete() -> None:
    def reply(request: Request, label: str) -> str:
        return (
            "No." if label == "complete/0" else "yes" if "/" in label else numbered(request, label)
        )

    door = ScriptedDoor(reply)
    strategy = SolutionSearch(initial=2, expansions=0, completeness="ask")
    outcome = await search(door, {}, strategy)
    assert [c.complete for c in outcome.candidates] == [False, True]


async def test_a_reward_that_abstains_leaves_a_solution_in_the_middle() -> None:
    door = ScriptedDoor(numbered)
    scorer = FreeScorer(lambda c: {"stage/0": 0.4, "stage/1": None}.get(c.id, 0.1))
    strategy = SolutionSearch(initial=2, variations=1, expansions=1)
    outcome = await strategy.run(assignment(door, scorer=scorer))
    assert outcome.candidates[2].parents == ("stage/1",)


async def test_without_a_reward_it_is_refused_before_any_call() -> None:
    door = ScriptedDoor(numbered)
    with pytest.raises(ConfigurationError, match="needs a reward"):
        await SolutionSearch().run(assignment(door))
    assert door.sent == []


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("yes", True), ("No.", False), ("**Yes**", True), ("I know", None), ("", None)],
)
def test_verdicts(text: str, verdict: bool | None) -> None:
    assert says_yes(text) is verdict
