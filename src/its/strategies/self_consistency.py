"""Self-consistency (Wang et al., arXiv 2203.11171): sample one prompt n times, then vote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.strategies.attempts import Logprobs, attempts_in_turn
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.sampling import draw


@dataclass(frozen=True, slots=True)
class SelfConsistency(Strategy):
    """`n` samples of one prompt, fewer where a stopping rule ends them.

    `style` names the style that it is asked in, "" for none; `logprobs` asks for token
    log-probabilities, for a vote weighted by the model's own confidence; a number asks for those of
    so many likeliest alternatives as well.
    """

    name = "self_consistency"
    independent = True
    models = "turns"

    n: Annotated[int, Ge(1)] = 8
    style: str = ""
    logprobs: Logprobs = False

    def most_completions(self, scoring: int) -> int:
        return self.n

    def gives_probabilities(self) -> bool:
        return self.logprobs is not False

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        samples = attempts_in_turn(assignment, self.n, (self.style,), logprobs=self.logprobs)
        return await draw(assignment, samples)
