"""Multiagent debate (Du et al., arXiv 2305.14325): agents answer, read each other, and update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.strategies.asking import Turn, numbered_solutions, solve_all
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class Debate(Strategy):
    """`agents` in `rounds`, the first of them on their own: agents·rounds calls.

    An agent whose call fails holds to what it said before. Every answer is a candidate.
    """

    name = "debate"
    shows_all = True

    agents: Annotated[int, Ge(2)] = 3
    rounds: Annotated[int, Ge(1)] = 2

    def most_completions(self, scoring: int) -> int:
        return self.agents * self.rounds

    def candidates_from(self, completions: int) -> int:
        agents = min(self.agents, completions)
        return agents * min(self.rounds, completions // agents) if agents else 0

    async def run(self, assignment: Assignment) -> Outcome:
        agents = min(self.agents, assignment.completions)
        rounds = min(self.rounds, assignment.completions // agents) if agents else 0
        standing: list[Candidate | None] = [None] * agents
        candidates: list[Candidate] = []
        failures: list[str] = []
        for number in range(rounds):
            turns = [_turn(assignment, number, agent, standing) for agent in range(agents)]
            said = await solve_all(assignment, turns, failures)
            candidates += [candidate for candidate in said if candidate is not None]
            standing = [new or old for new, old in zip(said, standing, strict=True)]
        return Outcome(tuple(candidates), failures=tuple(failures))


def _turn(
    assignment: Assignment, number: int, agent: int, standing: list[Candidate | None]
) -> Turn:
    label = f"{number}/{agent}"
    own = standing[agent]
    others = [c for i, c in enumerate(standing) if c is not None and i != agent]
    if not others:
        return Turn(label, "attempt", {})
    shown = {"solutions": numbered_solutions(assignment, others)}
    parents = tuple(candidate.id for candidate in (own, *others) if candidate is not None)
    if own is None:
        return Turn(label, "aggregate", shown, parents)
    return Turn(label, "debate", {"draft": own.text, **shown}, parents)
