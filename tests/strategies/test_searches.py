"""What every search keeps: the cap, the order of results, its state, and one telling a task."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.candidates import Score
from its.strategies.ab_mcts import ABMCTS
from its.strategies.beam import Beam
from its.strategies.best_first import BestFirst
from its.strategies.dvts import DVTS
from its.strategies.fk_steering import FKSteering
from its.strategies.mcts import MCTS
from its.strategies.particle_filter import ParticleFilter
from its.strategies.particle_gibbs import ParticleGibbs
from its.strategies.protocol import Outcome
from its.strategies.rebase import Rebase
from its.strategies.search import (
    Continuation,
    Failed,
    Rate,
    Result,
    Search,
    State,
    dump_state,
    load_state,
)
from its.strategies.solution_search import SolutionSearch
from its.strategies.tree_of_thoughts import TreeOfThoughts
from tests.strategies.scripted_door import AskingScorer, ScriptedDoor, assignment
from tests.strategies.toy_model import toy_model, toy_value

SEARCHES: dict[str, Search[Any]] = {
    "solution_search": SolutionSearch(),
    "solution_search, asking": SolutionSearch(
        initial=2, variations=3, completeness="ask", enough=0.8
    ),
    "best_first": BestFirst(branching=2),
    "best_first, A*": BestFirst(n=3, branching=3, heuristic_weight=0.5),
    "beam": Beam(n=4, branching=2),
    "beam, looking ahead": Beam(n=4, branching=2, lookahead=2, max_steps=5),
    "dvts": DVTS(n=6, branching=3),
    "particle_filter": ParticleFilter(n=4),
    "particle_filter, annealed": ParticleFilter(n=4, annealing=True, max_steps=6),
    "fk_steering, max": FKSteering(n=3, potential="max"),
    "particle_gibbs": ParticleGibbs(n=3, sweeps=3),
    "rebase": Rebase(n=4),
    "mcts": MCTS(expansions=5, branching=2),
    "ab_mcts": ABMCTS(n=8, parallel=3),
    "ab_mcts, beta": ABMCTS(n=6, parallel=1, posterior="beta"),
    "tree_of_thoughts": TreeOfThoughts(keep=2, proposals=2, votes=2),
}
every_search = pytest.mark.parametrize("name", SEARCHES)


async def solve(
    name: str, completions: int, price: int, seed: int, trouble: float, shuffle: int | None
) -> tuple[Outcome, ScriptedDoor]:
    door = ScriptedDoor(toy_model(seed, trouble), shuffle=shuffle)
    scorer = AskingScorer(toy_value(seed, abstain=trouble / 2), door, price)
    task = assignment(door, completions=completions, scorer=scorer, seed=seed)
    return await SEARCHES[name].run(task), door


@every_search
@settings(max_examples=15, deadline=None)
@given(
    completions=st.integers(0, 60),
    price=st.integers(0, 2),
    seed=st.integers(0, 1000),
    trouble=st.sampled_from([0.0, 0.2, 0.7]),
)
async def test_the_door_is_never_asked_for_more_than_the_cap(
    name: str, completions: int, price: int, seed: int, trouble: float
) -> None:
    outcome, door = await solve(name, completions, price, seed, trouble, shuffle=None)
    assert len(door.sent) <= completions
    ids = [candidate.id for candidate in outcome.candidates]
    assert len(ids) == len(set(ids))
    assert {score.candidate for score in outcome.scores} <= set(ids)


@every_search
@settings(max_examples=15, deadline=None)
@given(budget=st.integers(0, 30), seed=st.integers(0, 1000))
async def test_a_door_that_closes_early_ends_the_search_with_what_there_is(
    name: str, budget: int, seed: int
) -> None:
    door = ScriptedDoor(toy_model(seed), budget=budget)
    scorer = AskingScorer(toy_value(seed), door)
    task = assignment(door, completions=60, scorer=scorer, seed=seed)
    await SEARCHES[name].run(task)
    assert len(door.sent) <= budget


@pytest.mark.parametrize("kind", [Beam, ParticleFilter, DVTS, MCTS, SolutionSearch])
async def test_four_completions_are_four_and_still_bring_an_answer(kind: Any) -> None:
    door = ScriptedDoor(toy_model(1))
    scorer = AskingScorer(toy_value(1), door)
    outcome = await kind(**({"n": 32} if hasattr(kind, "n") else {})).run(
        assignment(door, completions=4, scorer=scorer)
    )
    assert len(door.sent) == 4
    assert [c.answer is not None for c in outcome.candidates] == [True, True]
    assert len(outcome.scores) == 2


@every_search
@settings(max_examples=15, deadline=None)
@given(completions=st.integers(1, 60), price=st.integers(0, 2), seed=st.integers(0, 1000))
async def test_every_budget_brings_an_answer(
    name: str, completions: int, price: int, seed: int
) -> None:
    outcome, _ = await solve(name, completions, price, seed, trouble=0.0, shuffle=None)
    assert any(c.complete and c.answer is not None for c in outcome.candidates)


@every_search
@settings(max_examples=15, deadline=None)
@given(
    completions=st.integers(0, 50),
    seed=st.integers(0, 1000),
    trouble=st.sampled_from([0.0, 0.3]),
    shuffle=st.integers(),
)
async def test_the_order_of_arrival_changes_nothing(
    name: str, completions: int, seed: int, trouble: float, shuffle: int
) -> None:
    outcome, door = await solve(name, completions, 1, seed, trouble, shuffle=None)
    shuffled, shuffled_door = await solve(name, completions, 1, seed, trouble, shuffle)
    assert shuffled == outcome
    assert sorted(door.labels) == sorted(shuffled_door.labels)


def simulated(seed: int) -> Callable[[Any], Result]:
    """Results that depend on the task alone."""

    def result(task: Any) -> Result:
        random = Random(f"{seed}/{task}")
        if random.random() < 0.1:
            return Failed("reset")
        if isinstance(task, Rate):
            return Score(task.node, random.uniform(0.05, 0.95), "toy")
        if random.random() < 0.3:
            return Continuation(f"Answer: {random.randrange(4)}", "end", "read", 3)
        return Continuation(f"step {random.randrange(100)}", "stop_string", tokens=2)

    return result


@every_search
@settings(max_examples=15, deadline=None)
@given(completions=st.integers(0, 60), seed=st.integers(0, 1000), order=st.integers())
def test_state_survives_json_at_any_point_and_the_order_of_results_changes_nothing(
    name: str, completions: int, seed: int, order: int
) -> None:
    search, result, random = SEARCHES[name], simulated(seed), Random(order)
    plain: State = search.start(completions, 1, seed)
    other: State = search.start(completions, 1, seed)
    while tasks := search.ask(plain):
        assert search.ask(plain) == tasks
        for task in tasks:
            search.tell(plain, task.id, result(task))
        others = search.ask(other)
        assert others == tasks
        random.shuffle(others)
        for task in others:
            search.tell(other, task.id, result(task))
            other = load_state(type(other), dump_state(other))
            search.tell(other, task.id, Failed("told twice", exhausted=True))
    assert search.ask(other) == []
    plain.failures.sort()
    other.failures.sort()
    assert other == plain


@every_search
def test_a_result_that_was_not_asked_for_changes_nothing(name: str) -> None:
    search = SEARCHES[name]
    state = search.start(20, 1, 0)
    search.ask(state)
    before = dump_state(state)
    search.tell(state, "no such task", Continuation("Answer: 1", "end", "read"))
    assert dump_state(state) == before
