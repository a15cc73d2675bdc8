"""REBASE: reward-balanced search over steps (Wu et al., arXiv 2408.00724).

Instead of keeping a few prefixes and giving each as many continuations, the continuations of a
round are shared out among all prefixes in proportion to exp(reward / temperature).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt

from its.strategies.steps import StepSearch, StepState, best_first, ended, open_children


@dataclass(frozen=True, slots=True)
class Rebase(StepSearch[StepState]):
    """`n` continuations a round, less those that have finished, shared out by reward.

    The lower the `temperature`, the more of them go to the best prefixes.
    """

    name = "rebase"

    n: Annotated[int, Ge(1)] = 8
    temperature: Annotated[float, Gt(0)] = 0.2

    def start(self, completions: int, price: int, seed: int) -> StepState:
        return StepState(completions, price, seed)

    def branches(self, state: StepState) -> list[tuple[str, int]]:
        if state.round == 0:
            return [("", self.n)]
        rewards = [state.nodes[id].score for id in state.frontier]
        shared = widths(rewards, self.n - len(ended(state)), self.temperature)
        return [(id, width) for id, width in zip(state.frontier, shared, strict=True) if width]

    def kept(self, state: StepState, children: int) -> int:
        return children

    def prune(self, state: StepState) -> None:
        state.frontier = [node.id for node in best_first(open_children(state))]


def widths(rewards: Sequence[float], width: int, temperature: float) -> list[int]:
    """round(width · softmax(reward / temperature)) each, halves up; with rewards in descending
    order the first gets at least one while there is any width."""
    if not rewards or width < 1:
        return [0] * len(rewards)
    shares = [math.exp((reward - rewards[0]) / temperature) for reward in rewards]
    whole = math.fsum(shares)
    rounded = [math.floor(width * share / whole + 0.5) for share in shares]
    return [max(1, rounded[0]), *rounded[1:]]
