"""Monte Carlo tree search over steps, with PUCT and a process reward in place of rollouts.

Each round goes down from the root to an open leaf, always to the child that maximises
Q + c·P·√N(parent) / (1 + N(child)), grows and scores its children, and carries their scores back
up to the root. The prior P is the model's own: exp(mean log-probability of the step), normalised
over siblings; equal where the endpoint gives no log-probabilities.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from its.strategies.search import Node
from its.strategies.steps import StepSearch, StepState, best_first


@dataclass(frozen=True, slots=True)
class MCTS(StepSearch[StepState]):
    """At most `expansions` rounds; each gives one leaf `branching` children.

    `exploration` is c. When expansions or budget end, the best open prefixes are continued to their
    end, at most `branching` of them.
    """

    name = "mcts"

    wants_logprobs: ClassVar[bool] = True

    expansions: Annotated[int, Ge(1)] = 16
    branching: Annotated[int, Ge(1)] = 4
    exploration: Annotated[float, Ge(0)] = 1.25

    def start(self, completions: int, price: int, seed: int) -> StepState:
        return StepState(completions, price, seed)

    def branches(self, state: StepState) -> list[tuple[str, int]]:
        """The leaf that PUCT leads to; none when every leaf has ended."""
        if state.round >= self.expansions:
            state.ending = True
            return self.last_branches(state, [])
        tree = _Tree(state.nodes, self.exploration)
        leaf = tree.select()
        return [] if leaf is None else [(leaf, self.branching)]

    def last_branches(
        self, state: StepState, branches: list[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        leaves = [node for node in _Tree(state.nodes, 0).leaves() if node.status == "open"]
        return [(node.id, 1) for node in best_first(leaves)[: self.branching]] or branches

    def kept(self, state: StepState, children: int) -> int:
        return self.branching

    def prune(self, state: StepState) -> None:
        """Visits and values are read off the tree itself: nothing else is stored."""


class _Tree:
    """The search tree as PUCT sees it: a node's visits are the scored nodes in its subtree, its
    value their mean score."""

    def __init__(self, nodes: Mapping[str, Node], exploration: float) -> None:
        self.nodes = nodes
        self.exploration = exploration
        self.children: dict[str, list[Node]] = defaultdict(list)
        self.visits: dict[str, int] = defaultdict(int)
        self.total: dict[str, float] = defaultdict(float)
        self.growable: set[str] = set() if nodes else {""}
        for node in nodes.values():
            if node.status != "failed":
                self.children[node.parent].append(node)
        for node in nodes.values():
            if node.status != "failed":
                self._carry_up(node)

    def select(self) -> str | None:
        """The leaf to expand, None where nothing can grow."""
        if "" not in self.growable:
            return None
        place = ""
        while self.children[place]:
            open_ways = [child for child in self.children[place] if child.id in self.growable]
            priors = _priors(self.children[place])
            place = max(open_ways, key=lambda child: self._puct(child, priors[child.id])).id
        return place

    def leaves(self) -> list[Node]:
        return [node for node in self.nodes.values() if not self.children[node.id]]

    def _carry_up(self, node: Node) -> None:
        grows = node.status == "open" and not self.children[node.id]
        place = node.id
        while True:
            self.visits[place] += 1
            self.total[place] += node.score
            if grows:
                self.growable.add(place)
            if not place:
                return
            place = self.nodes[place].parent

    def _puct(self, child: Node, prior: float) -> float:
        visits = self.visits[child.id]
        value = self.total[child.id] / visits
        around = math.sqrt(self.visits[child.parent])
        return value + self.exploration * prior * around / (1 + visits)


def _priors(siblings: list[Node]) -> dict[str, float]:
    """exp(mean log-probability), normalised; equal shares where one of them is unknown."""
    if any(node.logprob is None for node in siblings):
        return {node.id: 1 / len(siblings) for node in siblings}
    likelihoods = {node.id: math.exp(node.logprob or 0.0) for node in siblings}
    whole = math.fsum(likelihoods.values())
    return {id: likelihood / whole for id, likelihood in likelihoods.items()}
