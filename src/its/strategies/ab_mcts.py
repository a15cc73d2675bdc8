"""Adaptive branching Monte Carlo tree search, AB-MCTS-A (arXiv 2503.04412), over whole solutions.

At each node Thompson sampling decides between going wider (a new child: a fresh solution at the
root, a variation below) and going deeper (into one of the children there are). An arm's posterior
is over the scores it has brought: a new child's over those of the node's children, an existing
child's over those of its whole subtree.

Where several models share the stage, a new child's writer is drawn the same way: each model's
posterior is over the scores of all that it has written for this problem, wherever in the tree, and
the highest draw writes. (The paper's multi-model form, as its authors' package does it by default.)
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Literal

from annotated_types import Ge, MinLen

from its.parts import Need
from its.strategies.attempts import FIVE_STYLES
from its.strategies.protocol import Assignment, Outcome
from its.strategies.search import Continuation, Node, Prompt, Search, State, Task, affordable
from its.strategies.search_driver import drive, outcome_of, require_scorer
from its.strategies.solution_search import whole_solution

Posterior = Literal["gaussian", "beta"]


@dataclass(frozen=True, slots=True)
class ABMCTS(Search[State]):
    """At most `n` solutions, `parallel` of them in a round; styles are taken in turn.

    `posterior` over scores: gaussian (normal with unknown mean and variance, prior m = 0, κ = 1,
    ν = 1, τ² = 0.1) or beta (prior ½, ½).
    """

    name = "ab_mcts"
    needs = frozenset({Need.REWARD})
    models = "choice"

    n: Annotated[int, Ge(1)] = 16
    parallel: Annotated[int, Ge(1)] = 4
    posterior: Posterior = "gaussian"
    styles: Annotated[tuple[str, ...], MinLen(1)] = FIVE_STYLES

    def most_completions(self, scoring: int) -> int:
        return self.n * (1 + scoring)

    def candidates_from(self, completions: int) -> int:
        return 0

    async def run(self, assignment: Assignment) -> Outcome:
        require_scorer(assignment, "ab_mcts")
        state = await drive(self, assignment)
        return outcome_of(assignment, state, state.alive(state.nodes))

    def start(self, completions: int, price: int, seed: int) -> State:
        return State(completions, price, seed)

    def grow(self, state: State) -> list[Task]:
        count = affordable(state, 1 + state.price, min(self.parallel, self.n - len(state.nodes)))
        count = min(count, state.left)
        if not state.nodes:
            count = max(count, min(1, state.left))
        random = state.random("thompson")
        parents = [self._parent(state, random) for _ in range(count)]
        writers = self._writers(state, count)
        return [
            self._solution(state, parent, writer)
            for parent, writer in zip(parents, writers, strict=True)
        ]

    def absorb(self, state: State, task: Task, said: Continuation) -> None:
        assert isinstance(task, Prompt)
        state.update(whole_solution(state.nodes[task.node], said))

    def prune(self, state: State) -> None:
        """Posteriors are read off the tree itself: nothing else is stored."""

    def _parent(self, state: State, random: Random) -> str:
        """Where Thompson sampling puts the next solution; "" for the root."""
        children: dict[str, list[str]] = defaultdict(list)
        brought: dict[str, list[float]] = defaultdict(list)
        for node in state.nodes.values():
            if node.scores and node.status != "failed":
                children[node.parent].append(node.id)
                place = node.id
                while place:
                    brought[place].append(node.score)
                    place = state.nodes[place].parent
        place = ""
        while True:
            own = [state.nodes[child].score for child in children[place]]
            best, most = place, self._draw(own, random)
            for child in children[place]:
                drawn = self._draw(brought[child], random)
                if drawn > most:
                    best, most = child, drawn
            if best == place:
                return place
            place = best

    def _writers(self, state: State, count: int) -> list[str]:
        """The models that Thompson sampling lets write the next solutions."""
        if not state.models:
            return [""] * count
        random = state.random("model")
        written: dict[str, list[float]] = {model: [] for model in state.models}
        for node in state.nodes.values():
            if node.scores and node.status != "failed":
                written[node.model].append(node.score)
        drawn = [
            {model: self._draw(scores, random) for model, scores in written.items()}
            for _ in range(count)
        ]
        return [max(draws, key=draws.__getitem__) for draws in drawn]

    def _draw(self, scores: Sequence[float], random: Random) -> float:
        draw = draw_gaussian_mean if self.posterior == "gaussian" else draw_beta_mean
        return draw(scores, random)

    def _solution(self, state: State, parent: str, model: str) -> Prompt:
        before = state.nodes[parent] if parent else Node("")
        node = Node(state.new_id(), parent, model=model)
        style = self.styles[len(state.nodes) % len(self.styles)]
        state.update(node)
        state.fresh.append(node.id)
        prompt = "variation" if parent else "attempt"
        return Prompt(node.id, node.id, prompt, style, before.text, model)


def draw_gaussian_mean(scores: Sequence[float], random: Random) -> float:
    """A draw of the mean from its posterior under the normal-inverse-χ² prior m = 0, κ = 1, ν = 1,
    τ² = 0.1 (Gelman et al., Bayesian Data Analysis, 3.3)."""
    mean, precision, freedom, scale = gaussian_posterior(scores)
    variance = freedom * scale / random.gammavariate(freedom / 2, 2)
    return random.gauss(mean, math.sqrt(variance / precision))


def gaussian_posterior(scores: Sequence[float]) -> tuple[float, float, float, float]:
    """m, κ, ν and τ² after these scores."""
    count = len(scores)
    if not count:
        return 0.0, 1.0, 1.0, 0.1
    average = math.fsum(scores) / count
    precision, freedom = 1.0 + count, 1.0 + count
    within = math.fsum((score - average) ** 2 for score in scores)
    spread = 0.1 + within + count / precision * average**2
    return count * average / precision, precision, freedom, spread / freedom


def draw_beta_mean(scores: Sequence[float], random: Random) -> float:
    """A draw from Beta(½ + Σ r, ½ + Σ (1 - r))."""
    total = math.fsum(scores)
    return random.betavariate(0.5 + total, 0.5 + len(scores) - total)
