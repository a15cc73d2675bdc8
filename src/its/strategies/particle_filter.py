"""Particle filter over steps (arXiv 2502.01618), with its target stated.

Each open particle grows by a step and is weighted by a process reward r of its prefix. The target
after step t is p(x_1..t)·o_t with odds o = r / (1 - r) and r_0 = 1/2, so a step adds
logit r_t - logit r_{t-1} to the log-weight. Weights accumulate between resamplings. Resampling is
systematic, happens only when the effective sample size falls under N/2, and never after the last
step; after it every survivor carries the mean weight. Finished particles stay in the population
with increment 0; a copy of one is weight, not a second candidate.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from annotated_types import Ge

from its.strategies.potentials import log_odds
from its.strategies.protocol import Assignment, Outcome
from its.strategies.resampling import (
    DEAD,
    effective_sample_size,
    log_mean,
    normalised,
    systematic,
)
from its.strategies.search import Node
from its.strategies.search_driver import outcome_of
from its.strategies.steps import StepSearch, StepState


@dataclass(slots=True)
class ParticleState(StepState):
    """N particles: `places[i]` is the node where particle i stands ("" the root).

    `log_weights` are unnormalised: their mean estimates the target's normalising constant.
    `log_potentials` hold what each has been steered by so far; `moving` are the particles of
    this round, in the order of `fresh`. `temperature` is τ of entropic annealing.
    """

    places: list[str] = field(default_factory=list)
    log_weights: list[float] = field(default_factory=list)
    log_potentials: list[float] = field(default_factory=list)
    moving: list[int] = field(default_factory=list)
    temperature: float = 1.0
    resamplings: int = 0


P = TypeVar("P", bound=ParticleState)


@dataclass(frozen=True, slots=True)
class Particles(StepSearch[P]):
    """What particle methods share: `n` particles, and a potential that subclasses state."""

    n: Annotated[int, Ge(1)] = 8

    @abstractmethod
    def log_potential(self, state: P, node: Node, temperature: float) -> float:
        """The log-potential of the prefix that ends in this node."""

    async def run(self, assignment: Assignment) -> Outcome:
        state = await self.search(assignment)
        weights = population(state)
        nodes = [state.nodes[id] for id in weights]
        return outcome_of(assignment, state, nodes, [weights[node.id] for node in nodes])

    def gather(self, state: P) -> None:
        """Put every particle at the root, with weight 1."""
        state.places = [""] * self.n
        state.log_weights = [0.0] * self.n
        state.log_potentials = [0.0] * self.n

    def branches(self, state: P) -> list[tuple[str, int]]:
        """Every open particle grows, the heaviest first in case the budget ends here."""
        growing = [i for i in range(len(state.places)) if self.is_open(state, i)]
        state.moving = sorted(growing, key=lambda i: -state.log_weights[i])
        return [(state.places[i], 1) for i in state.moving]

    def kept(self, state: P, children: int) -> int:
        return children

    def prune(self, state: P) -> None:
        """Reweight the particles that moved; resample where their weights have degenerated."""
        for i, id in zip(state.moving, state.fresh, strict=False):
            state.places[i] = id
        for i in state.moving:
            node = state.nodes.get(state.places[i], Node(""))
            if node.status == "failed" or (state.ending and node.status in ("new", "open")):
                state.log_weights[i] = DEAD  # what the budget left open counts no more either
        self.reweight(state)
        unfinished = any(self.is_open(state, i) for i in range(len(state.places)))
        degenerate = effective_sample_size(state.log_weights) < len(state.places) / 2
        if unfinished and degenerate and not state.ending:
            self.resample(state)

    def reweight(self, state: P) -> None:
        """Add to every log-weight what its log-potential has gained."""
        for i, id in enumerate(state.places):
            if id and state.log_weights[i] > DEAD:
                node = state.nodes[id]
                temperature = state.temperature if node.status == "open" else 1.0
                potential = self.log_potential(state, node, temperature)
                state.log_weights[i] += potential - state.log_potentials[i]
                state.log_potentials[i] = potential

    def resample(self, state: P) -> None:
        weights = normalised(state.log_weights)
        self.settle(state, systematic(weights, state.random("resample").random()))

    def settle(self, state: P, drawn: list[int]) -> None:
        """Put the particles where the drawn ones stand, each with the mean weight."""
        mean = log_mean(state.log_weights)
        state.places = [state.places[i] for i in drawn]
        state.log_potentials = [state.log_potentials[i] for i in drawn]
        state.log_weights = [mean] * len(drawn)
        state.resamplings += 1

    def is_open(self, state: P, particle: int) -> bool:
        id = state.places[particle]
        return state.log_weights[particle] > DEAD and (not id or state.nodes[id].status == "open")


@dataclass(frozen=True, slots=True)
class ParticleFilter(Particles[ParticleState]):
    """`n` particles, weighted by the odds that a process reward gives their prefixes.

    `annealing` flattens early weights (entropic annealing): while less than half of the sample
    size is effective, in the first half of `horizon` steps, the intermediate target uses o^(1/τ)
    with τ = max(1, (N/ESS)(1 - t/horizon)). The last target is the same.
    """

    name = "particle_filter"

    annealing: bool = False
    horizon: Annotated[int, Ge(1)] = 10

    def start(self, completions: int, price: int, seed: int) -> ParticleState:
        state = ParticleState(completions, price, seed)
        self.gather(state)
        return state

    def log_potential(self, state: ParticleState, node: Node, temperature: float) -> float:
        return log_odds(node.scores, temperature)

    def reweight(self, state: ParticleState) -> None:
        state.temperature = 1.0
        if self.annealing:
            state.temperature = self._temperature(state)
        Particles.reweight(self, state)

    def _temperature(self, state: ParticleState) -> float:
        """τ from what the effective sample size would be without annealing."""
        plain = [
            weight + (self.log_potential(state, state.nodes[id], 1.0) - before if id else 0.0)
            for id, weight, before in zip(
                state.places, state.log_weights, state.log_potentials, strict=True
            )
        ]
        share = effective_sample_size(plain) / len(plain)
        time = (state.round + 1) / self.horizon
        if not 0 < share < 0.5 or time >= 0.5:
            return 1.0
        return max(1.0, (1 - time) / share)


def population(state: ParticleState) -> dict[str, float]:
    """Ended particles by ordinal and their weights: normalised, times N, copies added up.

    What was cut short counts too; particles still open (the budget ended on them) do not.
    """
    ended = [
        (id, log_weight)
        for id, log_weight in zip(state.places, state.log_weights, strict=True)
        if id and state.nodes[id].status in ("finished", "truncated")
    ]
    weights = dict.fromkeys(sorted({id for id, _ in ended}, key=int), 0.0)
    shares = normalised([log_weight for _, log_weight in ended])
    for (id, _), share in zip(ended, shares, strict=True):
        weights[id] += share * len(state.places)
    return weights
