"""Particle Gibbs over steps: sweeps of a particle filter, each around a path of the one before.

A sweep keeps one particle on a reference path, drawn by weight from the last sweep's solutions, and
never resamples it away (conditional sequential Monte Carlo, Andrieu, Doucet and Holenstein 2010).
Sweeps repair what a single pass cannot: a good path found late draws later particles to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge

from its.strategies.particle_filter import Particles, ParticleState, population
from its.strategies.potentials import log_odds
from its.strategies.protocol import Assignment, Outcome
from its.strategies.resampling import normalised
from its.strategies.search import Node
from its.strategies.search_driver import outcome_of


@dataclass(slots=True)
class GibbsState(ParticleState):
    """`reference` is the path that particle 0 follows, node by node ([] in the first sweep), and
    `walked` how far it is; `weights` are the solutions' weights, summed over ended sweeps."""

    sweep: int = 0
    reference: list[str] = field(default_factory=list)
    walked: int = 0
    weights: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParticleGibbs(Particles[GibbsState]):
    """`sweeps` of `n` particles, weighted by the odds that a process reward gives their prefixes.

    A sweep after the first generates n - 1 new solutions.
    """

    name = "particle_gibbs"

    n: Annotated[int, Ge(2)] = 8
    sweeps: Annotated[int, Ge(1)] = 2

    def log_potential(self, state: GibbsState, node: Node, temperature: float) -> float:
        return log_odds(node.scores, temperature)

    async def run(self, assignment: Assignment) -> Outcome:
        state = await self.search(assignment)
        nodes = [state.nodes[id] for id in sorted(state.weights, key=int)]
        weights = [state.weights[node.id] / state.sweep for node in nodes]
        return outcome_of(assignment, state, nodes, weights)

    def start(self, completions: int, price: int, seed: int) -> GibbsState:
        state = GibbsState(completions, price, seed)
        self.gather(state)
        return state

    def branches(self, state: GibbsState) -> list[tuple[str, int]]:
        branches = Particles.branches(self, state)
        if state.reference and 0 in state.moving:
            branches.pop(state.moving.index(0))
            state.moving.remove(0)
        return branches

    def prune(self, state: GibbsState) -> None:
        """Walk the reference on with the others; when they have ended, the sweep has."""
        if state.walked < len(state.reference):
            state.places[0] = state.reference[state.walked]
            state.walked += 1
        Particles.prune(self, state)
        free = range(1 if state.reference else 0, len(state.places))
        if not any(self.is_open(state, i) for i in free):
            self._end_sweep(state)

    def resample(self, state: GibbsState) -> None:
        """Around a reference: it stays, and all others are drawn again by weight."""
        if not state.reference:
            Particles.resample(self, state)
            return
        random, everyone = state.random("resample"), range(len(state.places))
        others = random.choices(everyone, normalised(state.log_weights), k=len(state.places) - 1)
        self.settle(state, [0, *others])

    def _end_sweep(self, state: GibbsState) -> None:
        if state.reference:
            state.places[0] = state.reference[-1]
            self.reweight(state)
        found = population(state)
        for id, weight in found.items():
            state.weights[id] = state.weights.get(id, 0.0) + weight
        state.sweep += 1
        if found and state.sweep < self.sweeps and not state.ending:
            weights = list(found.values())
            (chosen,) = state.random("reference").choices(list(found), weights)
            state.reference, state.walked = path_to(state, chosen), 0
            self.gather(state)


def path_to(state: GibbsState, id: str) -> list[str]:
    """The nodes from the first step to this one."""
    path = []
    while id:
        path.append(id)
        id = state.nodes[id].parent
    return path[::-1]
