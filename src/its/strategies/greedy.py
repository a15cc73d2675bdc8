"""Greedy: one answer at temperature 0, the baseline for everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace

from its.strategies.attempts import attempt
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.sampling import draw


@dataclass(frozen=True, slots=True)
class Greedy(Strategy):
    """One completion at temperature 0. `style` names the style it is asked in, "" for none.

    Token probabilities are asked for where they are offered: the confidence of a single answer has
    nothing else to go by.
    """

    name = "greedy"

    style: str = ""

    def most_completions(self, scoring: int) -> int:
        return 1

    def candidates_from(self, completions: int) -> int:
        return min(1, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        offered = assignment.door.capabilities.logprobs
        sample = attempt(assignment, self.style, temperature=0.0, logprobs=offered)
        return await draw(replace(assignment, stop=None), [sample])
