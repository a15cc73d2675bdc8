"""Particle filters: resampling by hand, potentials, and the target that they state."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.candidates import Candidate, Score
from its.errors import CallError, TransientCallError
from its.models.protocol import Completion, Request
from its.strategies.fk_steering import FKSteering
from its.strategies.particle_filter import ParticleFilter, Particles, ParticleState, population
from its.strategies.potentials import FKPotential, log_fk, log_odds
from its.strategies.resampling import (
    DEAD,
    effective_sample_size,
    log_mean,
    normalised,
    systematic,
)
from its.strategies.search import Continuation, Extend, Rate
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment


def logs(*weights: float) -> list[float]:
    return [math.log(weight) if weight else DEAD for weight in weights]


# --- resampling ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "u", "drawn"),
    [
        ([0.5, 0.25, 0.125, 0.125], 0.4, [0, 0, 1, 2]),  # points .1 .35 .6 .85
        ([0.5, 0.25, 0.125, 0.125], 0.5, [0, 0, 1, 3]),  # points .125 .375 .625 .875
        ([0.1, 0.6, 0.3], 0.0, [0, 1, 1]),  # points 0 1/3 2/3
        ([0.1, 0.6, 0.3], 0.9, [1, 1, 2]),  # points .3 .633 .967
        ([0.0, 1.0, 0.0], 0.99, [1, 1, 1]),
    ],
)
def test_systematic_resampling_by_hand(weights: list[float], u: float, drawn: list[int]) -> None:
    assert systematic(weights, u) == drawn


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1, exclude_max=True))
def test_an_index_is_drawn_as_often_as_its_weight_rounded_down_or_up(
    raw: list[float], u: float
) -> None:
    weights = normalised(logs(*raw)) if any(raw) else [1 / len(raw)] * len(raw)
    drawn = systematic(weights, u)
    for index, weight in enumerate(weights):
        expected = weight * len(weights)
        assert abs(drawn.count(index) - expected) < 1 + 1e-9
    assert drawn == sorted(drawn)
    assert len(drawn) == len(weights)


def test_effective_sample_size() -> None:
    assert effective_sample_size(logs(1, 1, 1, 1)) == pytest.approx(4)
    assert effective_sample_size(logs(1, 0, 0, 0)) == pytest.approx(1)
    assert effective_sample_size(logs(3, 1)) == pytest.approx(1.6)
    assert effective_sample_size(logs(0, 0)) == 0


def test_log_mean() -> None:
    assert log_mean(logs(1, 2, 3, 6)) == pytest.approx(math.log(3))
    assert log_mean([1000.0, 1000.0]) == pytest.approx(1000.0)
    assert log_mean(logs(0, 0)) == DEAD


# --- potentials ---------------------------------------------------------------------------------


def test_odds_start_at_one_half_and_stay_finite() -> None:
    assert log_odds(()) == 0
    assert log_odds((0.9, 0.5)) == 0
    assert log_odds((0.8,)) == pytest.approx(math.log(4))
    assert log_odds((0.8,), temperature=2) == pytest.approx(math.log(2))
    assert log_odds((1.0,)) == pytest.approx(math.log(99))
    assert log_odds((0.0,)) == pytest.approx(-math.log(99))


def test_fk_potentials_by_hand() -> None:
    scores = (0.5, 0.2, 0.4)
    assert log_fk("difference", scores, 2, ended=False) == pytest.approx(2 * 0.4)
    assert log_fk("max", scores, 2, ended=False) == pytest.approx(2 * (0.5 + 0.5 + 0.5))
    assert log_fk("sum", scores, 2, ended=False) == pytest.approx(2 * (0.5 + 0.7 + 1.1))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0.1, 20))
def test_all_fk_potentials_have_the_same_target(scores: list[float], strength: float) -> None:
    target = strength * scores[-1] if scores else 0
    kinds: tuple[FKPotential, ...] = ("difference", "max", "sum")
    assert [log_fk(kind, scores, strength, ended=True) for kind in kinds] == [target] * 3


# --- the target, on a toy chain -----------------------------------------------------------------

LETTERS = {"a": 0.6, "b": 0.4}


def reward(text: str) -> float:
    """Any reward of a prefix will do; this one misleads at first."""
    return {"a": 0.9, "b": 0.3}.get(text, 0.1 + 0.8 * Random(text).random())


def is_end(text: str) -> bool:
    """A chain ends with "bb" or after four letters."""
    return text.endswith("bb") or len(text) == 4


def chains(text: str = "", probability: float = 1.0) -> dict[str, float]:
    """Every chain and the model's probability for it."""
    if is_end(text):
        return {text: probability}
    found: dict[str, float] = {}
    for letter, share in LETTERS.items():
        found |= chains(text + letter, probability * share)
    return found


def run_particles(search: Particles[ParticleState], seed: int) -> ParticleState:
    """One run on the toy chain, without any door."""
    state = search.start(10_000, 0, seed)
    random = Random(seed)
    while tasks := search.ask(state):
        for task in tasks:
            if isinstance(task, Extend):
                letter = "a" if random.random() < LETTERS["a"] else "b"
                end = is_end(letters(task.text) + letter)
                said = Continuation(
                    letter, "end" if end else "stop_string", "read" if end else "none"
                )
                search.tell(state, task.id, said)
            elif isinstance(task, Rate):
                search.tell(state, task.id, Score(task.node, reward(letters(task.text)), "toy"))
    return state


def letters(text: str) -> str:
    return text.replace("|", "")


@pytest.mark.parametrize(
    "search",
    [
        ParticleFilter(n=5, separator="|"),
        # strengths at which resampling is frequent and the estimate's own spread still small
        FKSteering(n=5, strength=5, potential="difference", separator="|"),
        FKSteering(n=5, strength=2.5, potential="max", separator="|"),
        FKSteering(n=5, strength=1.5, potential="sum", separator="|"),
    ],
    ids=["odds", "difference", "max", "sum"],
)
def test_weights_are_unbiased_for_the_stated_target(search: Particles[ParticleState]) -> None:
    """The mean of Σ W_i f(x_i) / N over runs is Σ p(x) exp(potential(x)) f(x), resampling and all,
    for the normalising constant (f = 1) and for the mass of chains that begin with b."""

    def weight(text: str) -> float:
        if isinstance(search, ParticleFilter):
            return reward(text) / (1 - reward(text))
        assert isinstance(search, FKSteering)
        return math.exp(search.strength * reward(text))

    exact = {text: p * weight(text) for text, p in chains().items()}
    runs, resamplings = 1000, 0
    totals: list[float] = []
    begin_with_b: list[float] = []
    for seed in range(runs):
        state = run_particles(search, seed)
        resamplings += state.resamplings
        found = [letters(state.nodes[id].text) for id in state.places]
        weights = [math.exp(log_weight) for log_weight in state.log_weights]
        totals.append(sum(weights) / search.n)
        begin_with_b.append(
            sum(w for w, text in zip(weights, found, strict=True) if text[0] == "b") / search.n
        )
    assert resamplings > runs / 8
    for estimates, truth in (
        (totals, sum(exact.values())),
        (begin_with_b, sum(w for text, w in exact.items() if text[0] == "b")),
    ):
        mean = sum(estimates) / runs
        spread = math.sqrt(sum((x - mean) ** 2 for x in estimates) / (runs - 1) / runs)
        assert abs(mean - truth) < 4 * spread


@pytest.mark.parametrize("potential", ["max", "sum"])
def test_no_particle_is_favoured_for_being_unfinished(potential: FKPotential) -> None:
    """Solutions of one step score .9, those that go on for five score .6 all the way: at a high
    strength the short ones must win, by weight and by resampling."""
    search = FKSteering(n=8, strength=10, potential=potential, separator="|")
    kept = 0
    for seed in range(20):
        state = search.start(10_000, 0, seed)
        while tasks := search.ask(state):
            for task in tasks:
                if isinstance(task, Extend):
                    short = not task.text and int(task.node) % 4 != 0
                    done = short or len(letters(task.text)) == 4
                    letter = "s" if short else "l"
                    said = Continuation(letter, "end" if done else "stop_string", "read")
                    search.tell(state, task.id, said)
                elif isinstance(task, Rate):
                    value = 0.9 if letters(task.text) == "s" else 0.6
                    search.tell(state, task.id, Score(task.node, value, "toy"))
        weights = population(state)
        short_weight = sum(w for id, w in weights.items() if letters(state.nodes[id].text) == "s")
        kept += short_weight > 0.9 * sum(weights.values())
    assert kept == 20


def test_annealing_flattens_early_weights_and_keeps_the_last_target() -> None:
    plain = ParticleFilter(n=6, separator="|")
    annealed = ParticleFilter(n=6, separator="|", annealing=True, horizon=8)
    cooled = 0
    for seed in range(200):
        state = run_particles(annealed, seed)
        for id, potential in zip(state.places, state.log_potentials, strict=True):
            assert potential == pytest.approx(log_odds(state.nodes[id].scores))
        cooled += state.resamplings < run_particles(plain, seed).resamplings
    assert cooled > 0


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_no_resampling_after_the_last_step_so_the_best_is_never_lost(seed: int) -> None:
    search = ParticleFilter(n=4, separator="|")
    state = search.start(10_000, 0, seed)
    random = Random(seed)
    while tasks := search.ask(state):
        for task in tasks:
            if isinstance(task, Extend):
                # every particle ends after its second step
                said = Continuation("x", "end" if task.text else "stop_string", "read")
                search.tell(state, task.id, said)
            else:
                search.tell(state, task.id, Score(task.id, random.random(), "toy"))
    ended = [node for node in state.nodes.values() if node.status == "finished"]
    assert len(ended) == 4
    assert sorted(population(state)) == sorted(node.id for node in ended)
    best = max(ended, key=lambda node: node.score)
    assert len({*state.places}) == 4
    assert best.id in state.places


def test_a_finished_particle_keeps_its_weight_while_others_go_on() -> None:
    search = ParticleFilter(n=2)
    state = search.start(100, 0, 0)
    rounds = [("end", 0.6), ("stop_string", 0.5), ("stop_string", 0.55), ("end", 0.5)]
    results = iter(rounds)
    scores: dict[str, float] = {}
    while tasks := search.ask(state):
        for task in tasks:
            if isinstance(task, Extend):
                finish, score = next(results)
                scores[task.id] = score
                search.tell(state, task.id, Continuation("x", finish, "none"))  # type: ignore[arg-type]
            elif isinstance(task, Rate):
                search.tell(state, task.id, Score(task.node, scores[task.node], "toy"))
    assert state.resamplings == 0
    assert state.log_weights == pytest.approx([math.log(0.6 / 0.4), 0.0])
    assert population(state) == pytest.approx({"0": 1.2, "3": 0.8})


# --- through a door -----------------------------------------------------------------------------


async def test_copies_of_a_finished_particle_are_weight_not_candidates() -> None:
    def reply(request: Request, label: str) -> Completion:
        end = label == "0" or request.continues.count("\n\n") >= 3
        return Completion(f"Answer: {label}", "end" if end else "stop_string", 1)

    def value(candidate: Candidate) -> float:
        return 0.98 if candidate.text.startswith("Answer: 0") else 0.02

    door = ScriptedDoor(reply)
    strategy = ParticleFilter(n=4)
    outcome = await strategy.run(assignment(door, scorer=FreeScorer(value)))
    assert len({candidate.id for candidate in outcome.candidates}) == len(outcome.candidates)
    first = outcome.candidates[0]
    assert first.id == "stage/0"
    assert first.weight > 2
    assert sum(candidate.weight for candidate in outcome.candidates) == pytest.approx(4)
    assert all(not request.continues.startswith("Answer: 0") for _, request in door.sent)


async def test_copies_of_an_open_particle_go_different_ways_under_labels_of_their_own() -> None:
    def reply(request: Request, label: str) -> Completion:
        return Completion(f"Answer: {label}", "end" if request.continues else "stop_string", 1)

    def value(candidate: Candidate) -> float:
        return 0.98 if candidate.text.startswith("Answer: 0") else 0.02

    door = ScriptedDoor(reply)
    outcome = await ParticleFilter(n=4).run(assignment(door, scorer=FreeScorer(value)))
    assert [c.parents for c in outcome.candidates] == [("stage/0",)] * 4
    assert len(set(door.labels)) == len(door.labels) == 8
    ids = [int(label) for label in door.labels]
    assert all(a < b for a, b in pairwise(ids))


async def test_failed_particles_weigh_nothing_and_the_survivor_is_resampled() -> None:
    """Three of four fail in the first round: one effective particle is under N/2, so the one that
    is left is copied into every place and four steps follow it."""

    def script(request: Request, label: str) -> str | Completion | CallError:
        if not request.continues:
            return (
                Completion("a", "stop_string", 1) if label == "3" else TransientCallError("reset")
            )
        return Completion("Answer: 1", "end", 1)

    door = ScriptedDoor(script)
    outcome = await ParticleFilter(n=4).run(assignment(door, scorer=FreeScorer(lambda _: 0.5)))
    continued = [request for _, request in door.sent if request.continues]
    assert len(continued) == 4
    assert {candidate.text for candidate in outcome.candidates} == {"a\n\nAnswer: 1"}
    assert sum(candidate.weight for candidate in outcome.candidates) == pytest.approx(4)
