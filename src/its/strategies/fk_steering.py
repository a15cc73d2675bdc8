"""Feynman-Kac steering (arXiv 2501.06848): particles under a choice of potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt

from its.strategies.particle_filter import Particles, ParticleState
from its.strategies.potentials import FKPotential, log_fk
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

    def log_potential(self, node: Node, temperature: float) -> float:
        ended = node.status != "open"
        return log_fk(self.potential, node.scores, self.strength, ended)
