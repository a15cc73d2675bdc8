"""Deep reasoning: a structured chain of thought, then critique and refinement in rounds.

Prompted models turn about 38 % of right answers wrong when they revise (Snell et al.,
arXiv 2408.03314), so every draft and every revision is a candidate: selection goes over the whole
chain, never just its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.errors import CallError
from its.strategies.asking import ask, ask_critic, candidate_from, together
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class DeepReasoning(Strategy):
    """`n` chains, each a draft and `rounds` of critique and revision: n(1 + 2 rounds) calls."""

    name = "deep_reasoning"

    rounds: Annotated[int, Ge(0)] = 1
    n: Annotated[int, Ge(1)] = 1

    def most_completions(self, scoring: int) -> int:
        return self.n * (1 + 2 * self.rounds)

    def candidates_from(self, completions: int) -> int:
        return sum(1 + rounds for rounds in self.affordable_rounds(completions))

    async def run(self, assignment: Assignment) -> Outcome:
        failures: list[str] = []
        chains = await together(
            _chain(assignment, str(number), rounds, failures)
            for number, rounds in enumerate(self.affordable_rounds(assignment.completions))
        )
        candidates = tuple(candidate for chain in chains for candidate in chain)
        return Outcome(candidates, failures=tuple(sorted(failures)))

    def affordable_rounds(self, completions: int) -> list[int]:
        """Rounds of each chain that so many completions pay for, the first chains served first.

        A critique without its revision is of no use, so a round is paid whole or not at all.
        """
        rounds: list[int] = []
        while completions > 0 and len(rounds) < self.n:
            rounds.append(min(self.rounds, (completions - 1) // 2))
            completions -= 1 + 2 * rounds[-1]
        return rounds


async def _chain(
    assignment: Assignment, chain: str, rounds: int, failures: list[str]
) -> list[Candidate]:
    candidates: list[Candidate] = []
    label = f"{chain}/draft"
    try:
        completion = await ask(assignment, "deep_reasoning", label)
        candidates.append(candidate_from(assignment, label, completion))
        for number in range(1, rounds + 1):
            draft = candidates[-1]
            label = f"{chain}/critique/{number}"
            critique = await ask_critic(assignment, "critique", label, draft=draft.text)
            label = f"{chain}/refine/{number}"
            completion = await ask(
                assignment, "refine", label, draft=draft.text, critique=critique.text
            )
            candidates.append(candidate_from(assignment, label, completion, parents=(draft.id,)))
    except CallError as error:
        failures.append(f"{assignment.candidate_id(label)}: {error}")
    return candidates
