"""Particle Gibbs: what a sweep leaves as it is, and what it costs."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

from its.candidates import Score
from its.strategies.particle_gibbs import GibbsState, ParticleGibbs, path_to
from its.strategies.search import Continuation, Extend, Node, Rate
from tests.strategies.scripted_door import AskingScorer, FreeScorer, ScriptedDoor, assignment
from tests.strategies.test_particles import LETTERS, chains, is_end, letters, reward
from tests.strategies.toy_model import toy_model, toy_value


def sweep_from(search: ParticleGibbs, reference: str, seed: int) -> str:
    """The reference after one sweep around this one, on the toy chain."""
    state = search.start(10_000, 0, seed)
    parent = ""
    for length in range(1, len(reference) + 1):
        text = reference[:length]
        node = Node(
            id=state.new_id(),
            parent=parent,
            text="|".join(text) + ("" if is_end(text) else "|"),
            status="finished" if is_end(text) else "open",
            steps=length,
            scores=tuple(reward(text[:i]) for i in range(1, length + 1)),
        )
        state.update(node)
        parent = node.id
    state.sweep, state.reference = 1, path_to(state, parent)
    random = Random(seed)
    while state.sweep == 1:
        for task in search.ask(state):
            step(search, state, task, random)
    return letters(state.nodes[state.reference[-1]].text)


def step(search: ParticleGibbs, state: GibbsState, task: object, random: Random) -> None:
    if isinstance(task, Extend):
        letter = "a" if random.random() < LETTERS["a"] else "b"
        end = is_end(letters(task.text) + letter)
        search.tell(state, task.id, Continuation(letter, "end" if end else "stop_string", "read"))
    elif isinstance(task, Rate):
        search.tell(state, task.id, Score(task.node, reward(letters(task.text)), "toy"))
    if not state.pending:
        search.ask(state)


def test_a_sweep_leaves_the_target_as_it_is() -> None:
    """From a reference drawn from the target, the next reference is distributed like the target.

    Checked by the χ² statistic over all chains: its mean is the degrees of freedom, and six
    standard
    deviations above that are out of the question.
    """
    target = {text: p * reward(text) / (1 - reward(text)) for text, p in chains().items()}
    whole = sum(target.values())
    search = ParticleGibbs(n=3, sweeps=3, separator="|")
    random, runs = Random(0), 1200
    counts = Counter(
        sweep_from(search, random.choices(list(target), list(target.values()))[0], seed)
        for seed in range(runs)
    )
    expected = {text: runs * weight / whole for text, weight in target.items()}
    common = {text: count for text, count in expected.items() if count >= 5}
    chi_square = sum((counts[text] - count) ** 2 / count for text, count in common.items())
    freedom = len(common)
    assert freedom >= 5
    assert chi_square < freedom + 6 * math.sqrt(2 * freedom)
    assert len(counts) > 3


async def test_later_sweeps_generate_one_solution_less() -> None:
    def once(*_: object) -> str:
        return "Answer: 1"

    door = ScriptedDoor(once)
    outcome = await ParticleGibbs(n=4, sweeps=3).run(
        assignment(door, scorer=FreeScorer(lambda candidate: 0.5))
    )
    assert len(door.sent) == 4 + 3 + 3
    assert len(outcome.candidates) == 10
    assert sum(candidate.weight for candidate in outcome.candidates) > 3.999


async def test_weights_are_averaged_over_sweeps() -> None:
    for seed in range(20):
        door = ScriptedDoor(toy_model(seed))
        scorer = AskingScorer(toy_value(seed), door)
        outcome = await ParticleGibbs(n=4, sweeps=2).run(assignment(door, scorer=scorer))
        assert math.isclose(sum(candidate.weight for candidate in outcome.candidates), 4)
