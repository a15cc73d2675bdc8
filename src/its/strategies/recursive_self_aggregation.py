"""Recursive self-aggregation (arXiv 2509.26626): a population of solutions, each of which is, again
and again, replaced by one that aggregates a few at random."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.strategies.asking import Turn, numbered_solutions, solve_all
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class RecursiveSelfAggregation(Strategy):
    """`n` solutions, then loops in which each new one aggregates `k` of the last: n·loops calls.

    The first solutions count as the first loop. The last population are the candidates.
    """

    name = "recursive_self_aggregation"
    shows_all = True

    n: Annotated[int, Ge(1)] = 16
    k: Annotated[int, Ge(1)] = 4
    loops: Annotated[int, Ge(1)] = 10

    def most_completions(self, scoring: int) -> int:
        return self.n * self.loops

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        size = min(self.n, assignment.completions)
        loops = min(self.loops, assignment.completions // size) if size else 0
        random = Random(f"{assignment.seed}/aggregation")
        population: list[Candidate] = []
        failures: list[str] = []
        for loop in range(loops):
            turns = [self._turn(assignment, f"{loop}/{i}", population, random) for i in range(size)]
            solutions = await solve_all(assignment, turns, failures)
            made = [solution for solution in solutions if solution is not None]
            population = made or population
        return Outcome(tuple(population), failures=tuple(failures))

    def _turn(
        self, assignment: Assignment, label: str, population: list[Candidate], random: Random
    ) -> Turn:
        if not population:
            return Turn(label, "attempt", {})
        chosen = random.sample(population, min(self.k, len(population)))
        shown = {"solutions": numbered_solutions(assignment, chosen)}
        return Turn(label, "aggregate", shown, tuple(candidate.id for candidate in chosen))
