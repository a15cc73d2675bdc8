"""Best-of-n: n independent samples, of which a reward chooses one.

Unlike self-consistency it has no stopping rule: rules look for agreement, and the best of the
samples may well be the one that agrees with no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge

from its.strategies.attempts import attempts_in_turn
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.sampling import draw


@dataclass(frozen=True, slots=True)
class BestOfN(Strategy):
    """`n` samples of one prompt. `style` names the style that it is asked in, "" for none."""

    name = "best_of_n"
    independent = True
    models = "turns"

    n: Annotated[int, Ge(1)] = 8
    style: str = ""

    def most_completions(self, scoring: int) -> int:
        return self.n

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        samples = attempts_in_turn(assignment, self.n, (self.style,))
        return await draw(replace(assignment, stop=None), samples)
