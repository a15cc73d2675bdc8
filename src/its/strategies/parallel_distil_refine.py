"""Parallel-distil-refine (arXiv 2510.01123): drafts in parallel, distilled into short notes, from
which the next drafts start. The context stays short however much has been tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.errors import CallError
from its.strategies.asking import Turn, ask, numbered_solutions, solve_all
from its.strategies.protocol import Assignment, Outcome, Strategy


@dataclass(frozen=True, slots=True)
class ParallelDistilRefine(Strategy):
    """`rounds` of `n` drafts and one distillation, then a last solution: rounds·(n + 1) + 1 calls.

    `notes_tokens` limits the notes. Every draft and the last solution are candidates.
    """

    name = "parallel_distil_refine"
    shows_all = True

    n: Annotated[int, Ge(1)] = 4
    rounds: Annotated[int, Ge(1)] = 1
    notes_tokens: Annotated[int, Ge(1)] = 512

    def most_completions(self, scoring: int) -> int:
        return self.rounds * (self.n + 1) + 1

    def candidates_from(self, completions: int) -> int:
        return sum(self.widths(completions))

    async def run(self, assignment: Assignment) -> Outcome:
        candidates: list[Candidate] = []
        failures: list[str] = []
        notes, drafts = "", list[Candidate]()
        for number, width in enumerate(self.widths(assignment.completions)):
            if drafts:
                notes = await self._distilled(assignment, number, drafts, failures) or notes
            parents = tuple(draft.id for draft in drafts)
            turns = [_turn(f"{number}/{i}", notes, parents) for i in range(width)]
            solutions = await solve_all(assignment, turns, failures)
            drafts = [solution for solution in solutions if solution is not None]
            candidates += drafts
        return Outcome(tuple(candidates), failures=tuple(failures))

    def widths(self, completions: int) -> list[int]:
        """How many solutions each round writes, 1 last; between two rounds lies a distillation.

        With too little for all, rounds go first; without room to distil there are drafts alone.
        """
        rounds = min(self.rounds, (completions - 1) // (self.n + 1))
        if rounds >= 1:
            return [self.n] * rounds + [1]
        if completions >= 4:
            return [completions - 2, 1]
        return [min(self.n, completions)] if completions else []

    async def _distilled(
        self, assignment: Assignment, number: int, drafts: list[Candidate], failures: list[str]
    ) -> str:
        """Notes from these drafts; none where the call failed."""
        label = f"distil/{number}"
        solutions = numbered_solutions(assignment, drafts)
        try:
            reply = await ask(
                assignment, "distil", label, max_tokens=self.notes_tokens, solutions=solutions
            )
        except CallError as error:
            failures.append(f"{assignment.candidate_id(label)}: {error}")
            return ""
        return reply.text.strip()


def _turn(label: str, notes: str, parents: tuple[str, ...]) -> Turn:
    if not notes:
        return Turn(label, "attempt", {})
    return Turn(label, "solve_with_notes", {"notes": notes}, parents)
