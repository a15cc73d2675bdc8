"""Best-first search and A* over steps: a priority queue of prefixes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.strategies.search import Node
from its.strategies.steps import StepSearch, StepState, open_children


@dataclass(frozen=True, slots=True)
class BestFirst(StepSearch[StepState]):
    """The best prefix of all gets `branching` continuations, until `n` solutions have ended.

    The queue is ordered by the prefix's reward. With `heuristic_weight` λ it is A*: f = g + λQ, g
    the mean reward on the way to the prefix and Q its own.
    """

    name = "best_first"

    n: Annotated[int, Ge(1)] = 4
    branching: Annotated[int, Ge(1)] = 4
    heuristic_weight: Annotated[float, Ge(0)] | None = None

    def start(self, completions: int, price: int, seed: int) -> StepState:
        return StepState(completions, price, seed)

    def branches(self, state: StepState) -> list[tuple[str, int]]:
        if state.round == 0:
            return [("", self.branching)]
        return [(id, self.branching) for id in state.frontier[:1]]

    def last_branches(
        self, state: StepState, branches: list[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        """The head of the queue is ended, as many prefixes as solutions are still wanted."""
        return [(id, 1) for id in state.frontier[: self._wanted(state)]] or branches

    def kept(self, state: StepState, children: int) -> int:
        return self._wanted(state)

    def prune(self, state: StepState) -> None:
        """Take the head out of the queue, put its children in."""
        waiting = [state.nodes[id] for id in state.frontier[1:]] + open_children(state)
        waiting.sort(key=lambda node: (-self.priority(node), int(node.id)))
        state.frontier = [node.id for node in waiting] if self._wanted(state) > 0 else []

    def priority(self, node: Node) -> float:
        if self.heuristic_weight is None:
            return node.score
        before = node.scores[:-1]
        gone = math.fsum(before) / len(before) if before else 0.5
        return gone + self.heuristic_weight * node.score

    def _wanted(self, state: StepState) -> int:
        ended = sum(node.status in ("finished", "truncated") for node in state.nodes.values())
        return self.n - ended
