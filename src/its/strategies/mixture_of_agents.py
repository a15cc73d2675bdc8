"""Mixture of agents (Wang et al., arXiv 2406.04692): layers of proposers, then an aggregator.

Each proposer of a layer sees all solutions of the layer before. With one model it is a
self-mixture; several models propose in turn, and the first one aggregates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, MinLen

from its.candidates import Candidate
from its.strategies.asking import Turn, numbered_solutions, solve_all
from its.strategies.attempts import FIVE_STYLES
from its.strategies.model_turns import OwnTurn, model_turns
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class MixtureOfAgents(Strategy):
    """`layers` of `n` proposers and one aggregator: n·layers + 1 calls.

    The first layer takes the styles in turn. Every solution is a candidate, the aggregator's last.
    """

    name = "mixture_of_agents"
    shows_all = True
    models = "turns"

    n: Annotated[int, Ge(1)] = 4
    layers: Annotated[int, Ge(1)] = 2
    styles: Annotated[tuple[str, ...], MinLen(1)] = FIVE_STYLES

    def most_completions(self, scoring: int) -> int:
        return self.n * self.layers + 1

    def candidates_from(self, completions: int) -> int:
        return sum(self.widths(completions))

    async def run(self, assignment: Assignment) -> Outcome:
        candidates: list[Candidate] = []
        failures: list[str] = []
        layer: list[Candidate] = []
        for number, width in enumerate(self.widths(assignment.completions)):
            own = enumerate(model_turns(assignment.models, width))
            turns = [self._turn(assignment, f"{number}/{i}", turn, layer) for i, turn in own]
            solutions = await solve_all(assignment, turns, failures)
            layer = [solution for solution in solutions if solution is not None] or layer
            candidates += [solution for solution in solutions if solution is not None]
        return Outcome(tuple(candidates), failures=tuple(failures))

    def widths(self, completions: int) -> list[int]:
        """How many solutions each layer writes, the aggregator's 1 last; with too little for all,
        layers go first, then proposers."""
        width = min(self.n, completions)
        if not width:
            return []
        layers = max(1, min(self.layers, (completions - 1) // width))
        aggregator = [1] if completions > width * layers else []
        return [width] * layers + aggregator

    def _turn(
        self, assignment: Assignment, label: str, turn: OwnTurn, before: list[Candidate]
    ) -> Turn:
        model, own = turn
        if not before:
            style = self.styles[own % len(self.styles)]
            return Turn(label, "attempt", {}, style=style, model=model)
        shown = {"solutions": numbered_solutions(assignment.of(model), before)}
        parents = tuple(candidate.id for candidate in before)
        return Turn(label, "aggregate", shown, parents, model=model)
