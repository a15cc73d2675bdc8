"""Beam search over steps with a process reward, and lookahead (Snell et al., arXiv 2408.03314)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge

from its.strategies.search import Continuation, Extend, Node, Task, affordable, rating_of
from its.strategies.steps import StepSearch, StepState, best_first, ended, open_children


@dataclass(slots=True)
class BeamState(StepState):
    """`ahead` holds, for each node of the round, what greedy steps made of it."""

    ahead: dict[str, Node] = field(default_factory=dict)
    looked: int = 0


@dataclass(frozen=True, slots=True)
class Beam(StepSearch[BeamState]):
    """`n` first steps; the best n / `branching` prefixes get `branching` continuations each.

    Finished solutions leave the beam, and the search ends with `n` of them. With `lookahead` k a
    prefix is scored by what k greedy steps make of it, which costs as much.
    """

    name = "beam"

    n: Annotated[int, Ge(1)] = 8
    branching: Annotated[int, Ge(1)] = 4
    lookahead: Annotated[int, Ge(0)] = 0

    @property
    def width(self) -> int:
        return max(1, self.n // self.branching)

    def start(self, completions: int, price: int, seed: int) -> BeamState:
        return BeamState(completions, price, seed)

    def branches(self, state: BeamState) -> list[tuple[str, int]]:
        if state.round == 0:
            return [("", self.n)]
        return [(id, self.branching) for id in state.frontier]

    def kept(self, state: BeamState, children: int) -> int:
        return min(self.width, children)

    def cost(self, state: BeamState) -> int:
        return 1 + self.lookahead + state.price

    def look_ahead(self, state: BeamState) -> list[Task]:
        """One more greedy step for every prefix of the round that is still open."""
        if state.looked == (0 if state.ending else self.lookahead):
            return []
        state.looked += 1
        for node in open_children(state):
            state.ahead.setdefault(node.id, node)
        growing = [(id, node) for id, node in state.ahead.items() if node.status == "open"]
        return [
            Extend(f"ahead/{id}/{state.looked}", id, node.text, greedy=True)
            for id, node in growing[: affordable(state, 1, len(growing))]
        ]

    def absorb(self, state: BeamState, task: Task, said: Continuation) -> None:
        if isinstance(task, Extend) and task.id != task.node:
            state.ahead[task.node] = self.grown(state.ahead[task.node], task, said)
        else:
            StepSearch.absorb(self, state, task, said)

    def rate(self, state: BeamState) -> list[Task]:
        nodes = state.alive(state.fresh)
        ratings = [rating_of(state.ahead.get(node.id, node)) for node in nodes]
        return list[Task](ratings[: affordable(state, state.price, len(ratings))])

    def prune(self, state: BeamState) -> None:
        best = best_first(open_children(state))[: self.width]
        state.frontier = [] if len(ended(state)) >= self.n else [node.id for node in best]
        state.ahead, state.looked = {}, 0
