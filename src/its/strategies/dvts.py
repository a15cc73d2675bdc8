"""Diverse verifier tree search: independent subtrees, each searched greedily.

A beam may fill up with children of one early step; subtrees that never compete stay different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.strategies.steps import StepSearch, StepState, best_first


@dataclass(frozen=True, slots=True)
class DVTS(StepSearch[StepState]):
    """n / `branching` subtrees; each keeps the best of `branching` continuations, until it ends."""

    name = "dvts"

    n: Annotated[int, Ge(1)] = 8
    branching: Annotated[int, Ge(1)] = 4

    def start(self, completions: int, price: int, seed: int) -> StepState:
        trees = max(1, self.n // self.branching)
        return StepState(completions, price, seed, frontier=[""] * trees)

    def branches(self, state: StepState) -> list[tuple[str, int]]:
        return [(id, self.branching) for id in state.frontier]

    def kept(self, state: StepState, children: int) -> int:
        return len(state.frontier)

    def prune(self, state: StepState) -> None:
        """Children stand in the order of their parents, `branching` for each."""
        families = [
            state.alive(state.fresh[first : first + self.branching])
            for first in range(0, len(state.fresh), self.branching)
        ]
        best = [best_first(family)[0] for family in families if family]
        state.frontier = [node.id for node in best if node.status == "open"]
