"""Independent samples with a stopping rule: the core of attempts, self-consistency and best-of-n.

Samples are numbered, and the rule decides on the complete prefix of numbers alone. It names the
least number m of further samples after which it could say stop, so all m of them are needed
whatever they turn out to be: they go out together, and no call is wasted. `lookahead` more may be
in flight for the sake of latency; they are cancelled when the prefix decides. Cutting rules stop
running samples; those abstain before the stopping rule, and are no candidates.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from its.candidates import Answer, Candidate, without_guesses
from its.errors import BudgetExhausted, CallError, PermanentCallError
from its.models.protocol import Completion, Request
from its.strategies.asking import ask_each, candidate_from
from its.strategies.cutting import CutSamples
from its.strategies.protocol import Assignment, Outcome


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """One sample to draw, the name of the style that it is asked in, and the model that is asked
    where several share the stage."""

    request: Request
    style: str = ""
    model: str = ""


async def draw(assignment: Assignment, samples: Sequence[SampleRequest]) -> Outcome:
    """Draw the samples in order until they end, the rule says stop or the budget is spent.

    A sample that fails costs only itself: it is no candidate, and abstains before the rule. A
    request that failed for good (say, its prompt is too long) is not sent again.
    """
    drawing = _Drawing(assignment, samples[: assignment.completions])
    try:
        stopped = await drawing.run()
    finally:
        await drawing.cancel()
    results = drawing.results[: drawing.needed]
    cut = drawing.cut
    return Outcome(
        candidates=tuple(
            result
            for ordinal, result in enumerate(results)
            if isinstance(result, Candidate) and cut.counts(ordinal)
        ),
        stopped=stopped,
        note=f"the rule stopped after {drawing.needed} of {len(samples)} samples"
        if drawing.ruled
        else "",
        failures=tuple(
            f"{assignment.candidate_id(str(ordinal))}: {result}"
            for ordinal, result in enumerate(results)
            if isinstance(result, CallError)
        ),
        left_out=cut.left_out(len(results)),
        savings=cut.savings(max((s.request.max_tokens for s in samples), default=0)),
    )


class _Drawing:
    """Samples in flight. The rule is known to want the first `needed` of them."""

    def __init__(self, assignment: Assignment, samples: Sequence[SampleRequest]) -> None:
        self.assignment = assignment
        self.samples = samples
        self.results: list[Candidate | Completion | CallError | None] = [None] * len(samples)
        self.cut = CutSamples(assignment.cuts)
        self.needed = 0
        self.ruled = False
        self._tasks: list[asyncio.Task[None]] = []
        self._launched = 0
        self._classes: list[int | None] = []
        self._guesses: list[bool] = []
        self._representatives: list[Answer] = []

    async def run(self) -> bool:
        """Draw; returns whether the samples agree so far that no later stage need run either.

        `ruled` says whether the rule ended the drawing: that may also be because the few samples
        left here could not change anything, and then later stages still can.
        """
        while self.needed < len(self.samples) or self.assignment.allowance is not None:
            further = await self._further_samples()
            if further == 0:
                self.ruled = self._has_rule()
                break
            if self.needed == len(self.samples) or self._exhausted():
                return False
            self.needed = min(self.needed + further, len(self.samples), self.cut.open)
            self._launch()
            await self._arrival_of_needed()
        rule = self.assignment.stop
        return self._has_rule() and rule is not None and rule.further_samples(self._stated()) == 0

    async def cancel(self) -> None:
        """Cancel what is still in flight, and wait until its cost is settled."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _further_samples(self) -> int:
        """As the batch's own budget grants, else as the rule wants, else all that are left."""
        rule, allowance = self.assignment.stop, self.assignment.allowance
        left = len(self.samples) - self.needed
        if allowance is not None:
            voting = without_guesses(self._answer_classes(), self._guesses)
            return await allowance(voting, self._mean_tokens(), left)
        if rule is None or self.cut.wants_all:
            return left
        return rule.further_samples(self._stated(), left)

    def _stated(self) -> list[int | None]:
        """The needed samples' classes as a rule sees them: a mere guess abstains before it."""
        classes = self._answer_classes()
        return [
            None if guess or not self.cut.counts(ordinal) else number
            for ordinal, (number, guess) in enumerate(zip(classes, self._guesses, strict=True))
        ]

    def _mean_tokens(self) -> float | None:
        """Completion tokens of the samples drawn, None where they are not known."""
        drawn = [r for r in self.results[: self.needed] if isinstance(r, Candidate)]
        tokens = [candidate.tokens for candidate in drawn if candidate.tokens is not None]
        return sum(tokens) / len(tokens) if tokens else None

    def _answer_classes(self) -> list[int | None]:
        """A class number for each needed sample: that of the first answer it is the same as."""
        for result in self.results[len(self._classes) : self.needed]:
            answer = result.answer if isinstance(result, Candidate) else None
            self._classes.append(None if answer is None else self._class_of(answer))
            self._guesses.append(answer is not None and answer.fallback)
        return self._classes

    def _class_of(self, answer: Answer) -> int:
        for number, representative in enumerate(self._representatives):
            if self.assignment.same(representative, answer):
                return number
        self._representatives.append(answer)
        return len(self._representatives) - 1

    def _has_rule(self) -> bool:
        return self.assignment.stop is not None and self.assignment.allowance is None

    def _exhausted(self) -> bool:
        return any(isinstance(result, BudgetExhausted) for result in self.results[: self.needed])

    def _launch(self) -> None:
        """Send what is needed and not yet sent, and the lookahead, in the order of ordinals."""
        ahead = self.assignment.lookahead if self._has_rule() else 0
        end = min(self.needed + ahead, len(self.samples), self.cut.open)
        refused = {
            (sample.model, sample.request): result
            for sample, result in zip(self.samples, self.results, strict=True)
            if isinstance(result, PermanentCallError)
        }
        wave = range(self._launched, end)
        for ordinal in wave:
            sample = self.samples[ordinal]
            self.results[ordinal] = refused.get((sample.model, sample.request))
        asked = [ordinal for ordinal in wave if self.results[ordinal] is None]
        groups = [[ordinal] for ordinal in asked] if ahead else [asked]
        self._tasks += [asyncio.create_task(self._ask(group)) for group in groups if group]
        self._launched = max(self._launched, end)

    async def _arrival_of_needed(self) -> None:
        while True:
            for task in self._tasks:
                if task.done():
                    task.result()  # raises what is no CallError
            if all(result is not None for result in self.results[: self.needed]):
                return
            pending = [task for task in self._tasks if not task.done()]
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    async def _ask(self, ordinals: list[int]) -> None:
        asked = [(self.samples[i].model, self.samples[i].request) for i in ordinals]
        labels = [str(ordinal) for ordinal in ordinals]
        watches = self.cut.watches(ordinals)
        replies = await ask_each(self.assignment, asked, labels, watches)
        for ordinal, label, reply in zip(ordinals, labels, replies, strict=True):
            self.cut.settle(ordinal, reply)
            self.results[ordinal] = (
                reply
                if isinstance(reply, CallError) or reply.finish == "cut"
                else self._candidate(ordinal, label, reply)
            )

    def _candidate(self, ordinal: int, label: str, reply: Completion) -> Candidate:
        sample = self.samples[ordinal]
        style, model = sample.style, sample.model
        return candidate_from(self.assignment, label, reply, style=style, model=model)
