"""Best-of-n that ends when another sample is not worth its price in reward.

A few samples are drawn and scored together, then one after the other (arXiv 2510.01394; the rule
is in `its.allocation.reward_gain`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from its.allocation.reward_gain import expected_gain
from its.candidates import Candidate, Score
from its.errors import BudgetExhausted, CallError
from its.parts import Need
from its.strategies.asking import ask_each, candidate_from
from its.strategies.attempts import attempt
from its.strategies.model_turns import model_turns
from its.strategies.protocol import Assignment, Outcome, Scorer, Strategy
from its.strategies.sampling import SampleRequest
from its.strategies.search_driver import require_scorer


@dataclass(frozen=True, slots=True)
class AdaptiveBestOfN(Strategy):
    """At most `n` samples, each scored; ends when the next is expected to add less than `price`.

    `price` is in units of the reward, `first` samples come before the rule is asked. `style` names
    the style that they are asked in, "" for none.
    """

    name = "adaptive_best_of_n"
    needs = frozenset({Need.REWARD})
    models = "turns"

    n: Annotated[int, Ge(1)] = 16
    price: Annotated[float, Gt(0), Lt(1)] = 0.02
    first: Annotated[int, Ge(1)] = 4
    style: str = ""

    def most_completions(self, scoring: int) -> int:
        return self.n * (1 + scoring)

    def candidates_from(self, completions: int) -> int:
        return 0

    async def run(self, assignment: Assignment) -> Outcome:
        require_scorer(assignment, self.name)
        assert assignment.scorer is not None
        most = min(self.n, assignment.completions // (1 + assignment.scorer.completions(1)))
        turns = model_turns(assignment.models, max(most, 1))
        samples = [attempt(assignment, self.style, model=model) for model, _ in turns]
        drawn = _Drawn()
        while drawn.asked < len(samples) and not drawn.exhausted:
            if drawn.asked and (gain := drawn.gain()) < self.price:
                note = f"another sample is expected to add {gain:.3f}, less than {self.price:g}"
                return drawn.outcome(f"{note}: {drawn.asked} of {self.n} were drawn")
            wave = samples[drawn.asked : max(self.first, drawn.asked + 1)]
            await drawn.take(assignment, assignment.scorer, wave)
        return drawn.outcome()


@dataclass(slots=True)
class _Drawn:
    """What has been drawn and scored so far, in the order of ordinals."""

    asked: int = 0
    exhausted: bool = False
    candidates: list[Candidate] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def gain(self) -> float:
        """What one more sample is expected to add; a sample without an answer had no reward."""
        known = [score.value for score in self.scores if score.value is not None]
        silent = [0.0 for candidate in self.candidates if candidate.answer is None]
        return expected_gain(known + silent) if known else 1.0

    async def take(
        self, assignment: Assignment, scorer: Scorer, samples: list[SampleRequest]
    ) -> None:
        labels = [str(self.asked + place) for place in range(len(samples))]
        asked = [(sample.model, sample.request) for sample in samples]
        answered: list[Candidate] = []
        replies = await ask_each(assignment, asked, labels)
        for label, sample, reply in zip(labels, samples, replies, strict=True):
            if isinstance(reply, CallError):
                self.exhausted = self.exhausted or isinstance(reply, BudgetExhausted)
                self.failures.append(f"{assignment.candidate_id(label)}: {reply}")
                continue
            style, model = sample.style, sample.model
            candidate = candidate_from(assignment, label, reply, style=style, model=model)
            self.candidates.append(candidate)
            answered += [candidate] if candidate.answer is not None else []
        self.asked += len(samples)
        if answered:
            self.scores += await scorer(answered)

    def outcome(self, note: str = "") -> Outcome:
        return Outcome(
            tuple(self.candidates), tuple(self.scores), note=note, failures=tuple(self.failures)
        )
