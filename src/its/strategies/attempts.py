"""Attempts: independent solutions in several prompting styles.

Different styles make different mistakes, so a vote over them is worth more than one over repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval, MinLen

from its.strategies.model_turns import model_turns
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.sampling import SampleRequest, draw

Logprobs = bool | Annotated[int, Interval(ge=1, le=20)]
FIVE_STYLES = ("step_by_step", "edge_cases", "backwards", "subproblems", "analogy")


@dataclass(frozen=True, slots=True)
class Attempts(Strategy):
    """`n` independent solutions, the styles taken in turn (by each of several models).

    `logprobs` asks for token log-probabilities, for selection by the model's own confidence; a
    number asks for those of so many likeliest alternatives as well.
    """

    name = "attempts"
    independent = True
    models = "turns"

    n: Annotated[int, Ge(1)] = 5
    styles: Annotated[tuple[str, ...], MinLen(1)] = FIVE_STYLES
    logprobs: Logprobs = False

    def most_completions(self, scoring: int) -> int:
        return self.n

    def gives_probabilities(self) -> bool:
        return self.logprobs is not False

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        samples = attempts_in_turn(assignment, self.n, self.styles, logprobs=self.logprobs)
        return await draw(assignment, samples)


def attempts_in_turn(
    assignment: Assignment, n: int, styles: Sequence[str], *, logprobs: Logprobs = False
) -> list[SampleRequest]:
    """`n` samples by the stage's models in turn, the styles of each taken in turn; those that ask
    the same are written once."""
    made: dict[tuple[str, str], SampleRequest] = {}
    samples = []
    for model, own in model_turns(assignment.models, n):
        asked = model, styles[own % len(styles)]
        if asked not in made:
            made[asked] = attempt(assignment, asked[1], logprobs=logprobs, model=model)
        samples.append(made[asked])
    return samples


def attempt(
    assignment: Assignment,
    style: str = "",
    *,
    logprobs: Logprobs = False,
    temperature: float | None = None,
    model: str = "",
) -> SampleRequest:
    """The sample that asks for one solution, in a style or (with "") in none, of one of the
    stage's models or (with "") of its only one."""
    asked = assignment.of(model)
    prompts, door = asked.prompts, asked.door
    messages = prompts.render(
        "attempt", assignment.question, style=prompts.style(style) if style else ""
    )
    alternatives = 0 if logprobs is True else logprobs or None
    request = door.request(messages, temperature=temperature, logprobs=alternatives)
    return SampleRequest(request, style, model)
