"""Feynman-Kac steering (arXiv 2501.06848): particles under a choice of potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from its.strategies.particle_filter import Particles, ParticleState
from its.strategies.potentials import FKPotential, log_fk
from its.strategies.resampling import DEAD
from its.strategies.search import Node


@dataclass(frozen=True, slots=True)
class FKSteering(Particles[ParticleState]):
    """`n` particles that aim at the model's own distribution times exp(`strength` · reward).

    `potential` says how they get there: by the difference of rewards from step to step, by the
    highest reward so far, or by the sum of rewards so far.
    """

    name = "fk_steering"

    potential: FKPotential = "difference"
    strength: Annotated[float, Gt(0)] = 10.0

    def start(self, completions: int, price: int, seed: int) -> ParticleState:
        state = ParticleState(completions, price, seed)
        self.gather(state)
        return state

    def reweight(self, state: ParticleState) -> None:
        """Once more by what was reached, when none is open: only then is the target weighed."""
        Particles.reweight(self, state)
        if not any(self.is_open(state, i) for i in range(len(state.places))):
            for i, id in enumerate(state.places):
                if id and state.log_weights[i] > DEAD:
                    target = self._log(state, state.nodes[id], ended=True)
                    state.log_weights[i] += target - state.log_potentials[i]
                    state.log_potentials[i] = target

    def log_potential(self, state: ParticleState, node: Node, temperature: float) -> float:
        return self._log(state, node, ended=False)

    def _log(self, state: ParticleState, node: Node, *, ended: bool) -> float:
        steps = state.round + 1
        return log_fk(self.potential, node.scores, self.strength, ended=ended, steps=steps)
