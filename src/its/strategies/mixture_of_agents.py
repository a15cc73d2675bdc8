"""Mixture of agents (Wang et al., arXiv 2406.04692), self-mixture: layers of proposers, then an
aggregator. Each proposer of a layer sees all solutions of the layer before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, MinLen

from its.candidates import Candidate
from its.strategies.asking import Turn, numbered_solutions, solve_all
from its.strategies.attempts import FIVE_STYLES
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class MixtureOfAgents(Strategy):
    """`layers` of `n` proposers and one aggregator: n·layers + 1 calls.

    The first layer takes the styles in turn. Every solution is a candidate, the aggregator's last.
    """

    name = "mixture_of_agents"
    shows_all = True

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
            turns = [self._turn(assignment, number, i, layer) for i in range(width)]
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
        self, assignment: Assignment, layer: int, number: int, before: list[Candidate]
    ) -> Turn:
        label = f"{layer}/{number}"
        if not before:
            return Turn(label, "attempt", {}, style=self.styles[number % len(self.styles)])
        shown = {"solutions": numbered_solutions(assignment, before)}
        return Turn(label, "aggregate", shown, tuple(candidate.id for candidate in before))
