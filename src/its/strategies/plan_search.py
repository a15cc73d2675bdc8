"""PlanSearch (Wang et al., arXiv 2409.03733): search over ideas rather than over wordings.

The model lists observations about the problem; different combinations of them lead to different
plans, and each plan to a solution.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.errors import CallError
from its.strategies.asking import Turn, ask, solve_all, together
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class PlanSearch(Strategy):
    """One call for `observations`, then `n` plans and their solutions: 1 + 2n calls.

    Combinations are the observations alone, then their pairs, each group in random order. Where
    nothing is observed, the solutions are plain ones.
    """

    name = "plan_search"
    shows_all = True

    n: Annotated[int, Ge(1)] = 8
    observations: Annotated[int, Ge(1)] = 5

    def most_completions(self, scoring: int) -> int:
        return 1 + 2 * self.n

    def candidates_from(self, completions: int) -> int:
        return min(self.n, max(1, (completions - 1) // 2)) if completions else 0

    async def run(self, assignment: Assignment) -> Outcome:
        plans = min(self.n, (assignment.completions - 1) // 2)
        failures: list[str] = []
        if plans < 1:  # too little for a plan
            return await _plain(assignment, min(1, assignment.completions), failures)
        observed: list[str] = []
        try:
            reply = await ask(
                assignment, "observations", "observations", count=str(self.observations)
            )
            observed = listed(reply.text)[: self.observations]
        except CallError as error:
            failures.append(f"{assignment.candidate_id('observations')}: {error}")
        chosen = combined(observed, Random(f"{assignment.seed}/combinations"))[:plans]
        if not chosen:  # nothing was observed
            return await _plain(assignment, plans, failures)
        solutions = await together(
            _solution(assignment, str(number), combination, failures)
            for number, combination in enumerate(chosen)
        )
        return _outcome(solutions, sorted(failures))


async def _plain(assignment: Assignment, count: int, failures: list[str]) -> Outcome:
    """Solutions without a plan."""
    turns = [Turn(str(number), "attempt", {}) for number in range(count)]
    return _outcome(await solve_all(assignment, turns, failures), failures)


async def _solution(
    assignment: Assignment, label: str, observations: Sequence[str], failures: list[str]
) -> Candidate | None:
    shown = "\n".join(f"- {observation}" for observation in observations)
    try:
        plan = await ask(assignment, "plan", f"plan/{label}", observations=shown)
    except CallError as error:
        failures.append(f"{assignment.candidate_id(f'plan/{label}')}: {error}")
        return None
    turn = Turn(label, "follow_plan", {"plan": plan.text.strip()})
    (solution,) = await solve_all(assignment, [turn], failures)
    return solution


def listed(text: str) -> list[str]:
    """The points of a list, one per line; every line that says something where none is marked."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [match[1] for line in lines if (match := re.match(r"(?:[-*•]|\d+[.)])\s+(.+)", line))]
    return marked or lines


def combined(observations: Sequence[str], random: Random) -> list[tuple[str, ...]]:
    """Every observation by itself, then every pair, each group shuffled."""
    groups = [list(combinations(observations, size)) for size in (1, 2)]
    for group in groups:
        random.shuffle(group)
    return [combination for group in groups for combination in group]


def _outcome(solutions: Sequence[Candidate | None], failures: Sequence[str]) -> Outcome:
    candidates = tuple(solution for solution in solutions if solution is not None)
    return Outcome(candidates, failures=tuple(failures))
