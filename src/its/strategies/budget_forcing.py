"""Budget forcing (s1, Muennighoff et al., arXiv 2501.19393): make a model think longer, or stop.

Where the model would end its thinking, "Wait" is appended to its text and it continues; where it
thinks for too long, the answer is asked for at once. Both write into the model's own turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge

from its.candidates import Candidate
from its.errors import CallError
from its.models.protocol import Completion
from its.parts import Need
from its.strategies.asking import candidate_from, together
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.search_driver import require_continuation


@dataclass(frozen=True, slots=True)
class BudgetForcing(Strategy):
    """`n` chains of thought, each made to go on `waits` times: at most n(2 + waits) calls.

    `thinking_tokens` limits each piece of thinking (the model's own limit unless given): a chain
    that reaches it is made to answer, in at most `answer_tokens`. `thinking_end` is the string that
    ends a reasoning model's thinking, such as "</think>"; without one the whole turn is thinking,
    and every answer on the way is a candidate.
    """

    name = "budget_forcing"
    needs = frozenset({Need.CONTINUATION})

    waits: Annotated[int, Ge(0)] = 2
    n: Annotated[int, Ge(1)] = 1
    thinking_tokens: Annotated[int, Ge(1)] | None = None
    answer_tokens: Annotated[int, Ge(1)] = 256
    thinking_end: str = ""

    def most_completions(self, scoring: int) -> int:
        return self.n * (2 + self.waits)

    def candidates_from(self, completions: int) -> int:
        if self.thinking_end:
            return min(self.n, completions)
        return min(completions, self.n * (2 + self.waits))

    async def run(self, assignment: Assignment) -> Outcome:
        require_continuation(assignment, "budget_forcing")
        failures: list[str] = []
        shares = self.shares(assignment.completions)
        chains = await together(
            _Chain(self, assignment, str(number), share, failures).run()
            for number, share in enumerate(shares)
        )
        candidates = tuple(candidate for chain in chains for candidate in chain)
        return Outcome(candidates, failures=tuple(sorted(failures)))

    def shares(self, completions: int) -> list[int]:
        """Calls of each chain, the first chains served first."""
        shares: list[int] = []
        while completions > 0 and len(shares) < self.n:
            shares.append(min(completions, 2 + self.waits))
            completions -= shares[-1]
        return shares


class _Chain:
    """One assistant's turn as it grows; `left` calls may still be made for it."""

    def __init__(
        self,
        settings: BudgetForcing,
        assignment: Assignment,
        number: str,
        left: int,
        failures: list[str],
    ) -> None:
        self.settings = settings
        self.assignment = assignment
        self.number = number
        self.left = left
        self.failures = failures
        self.text = ""
        self.calls = 0
        self.candidates: list[Candidate] = []

    async def run(self) -> list[Candidate]:
        try:
            await self._think()
        except CallError as error:
            label = f"{self.number}/{self.calls - 1}"
            self.failures.append(f"{self.assignment.candidate_id(label)}: {error}")
        return self.candidates

    async def _think(self) -> None:
        """Think, and think again for each wait; keep one call for the answer."""
        settings = self.settings
        marked = bool(settings.thinking_end)
        stop = (settings.thinking_end,) if marked else ()
        waits = min(settings.waits, self.left - 2)
        finish = "end"
        for wait in range(waits + 1) if self.left > 1 else ():
            if wait:
                self.text = f"{self.text.rstrip()}\n{self._words('wait')}"
            finish = (await self._go_on(settings.thinking_tokens, stop, answers=not marked)).finish
            if finish in ("length", "filtered"):
                break
        if self.left and (marked or finish == "length" or not self.text):
            await self._answer()

    async def _answer(self) -> None:
        """End the thinking where it stands and have the answer written."""
        if not self.text:  # the only call there is
            await self._go_on(None, (), answers=True)
            return
        words = self._words("force_answer")
        parts = [self.text.rstrip(), self.settings.thinking_end, words]
        self.text = "\n".join(part for part in parts if part)
        await self._go_on(self.settings.answer_tokens, (), answers=True, forced=words)

    async def _go_on(
        self, max_tokens: int | None, stop: tuple[str, ...], *, answers: bool, forced: str = ""
    ) -> Completion:
        """Let the model carry its turn on; where it answers, the turn so far is a candidate.
        Behind the words that `forced` an answer stands the one that counts: a box that the model
        drew while it thought would be read before them."""
        assignment = self.assignment
        label = f"{self.number}/{self.calls}"
        messages = assignment.prompts.render("attempt", assignment.question, style="")
        request = assignment.door.request(
            messages, max_tokens=max_tokens, stop=stop, continues=self.text
        )
        self.calls += 1
        self.left -= 1
        completion = await assignment.door.complete(request, label)
        self.text += completion.text
        if answers:
            whole = replace(completion, text=self.text, tokens=None)
            candidate = candidate_from(assignment, label, whole)
            if forced:
                last = replace(whole, text=f"{forced}{completion.text}")
                answer = candidate_from(assignment, label, last).answer
                candidate = replace(candidate, answer=answer or candidate.answer)
            self.candidates.append(candidate)
        return completion

    def _words(self, prompt: str) -> str:
        return self.assignment.prompts.render(prompt, self.assignment.question)[-1].content
