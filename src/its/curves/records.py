"""Recorded samples as strategies see them: answer classes, tokens and scores, in some order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from its.candidates import without_guesses
from its.models.recorded.pool import PoolProblem


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """The samples of one problem. All lists go by sample.

    `classes` numbers equivalent answers (None abstains); `correct` grades them; `tokens` are
    completion tokens and `scores` rewards, None where unknown; `prompt_tokens` is what one call's
    prompt takes, None where unknown. `guesses` marks answers that were not stated (empty: all
    were).
    """

    id: str
    question: str
    classes: tuple[int | None, ...]
    correct: tuple[bool, ...]
    tokens: tuple[int | None, ...]
    scores: tuple[float | None, ...]
    prompt_tokens: int | None = None
    guesses: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.classes)

    def voting(self, n: int) -> tuple[int | None, ...]:
        """Classes of the first n samples as they vote: guesses only where nothing is stated."""
        if not self.guesses:
            return self.classes[:n]
        return tuple(without_guesses(self.classes[:n], self.guesses[:n]))

    def stated(self, n: int) -> tuple[int | None, ...]:
        """Classes of the first n samples as a stopping rule sees them: guesses abstain."""
        if not self.guesses:
            return self.classes[:n]
        pairs = zip(self.classes[:n], self.guesses[:n], strict=True)
        return tuple(None if guess else number for number, guess in pairs)

    def shuffled(self, random: Random) -> SampleRecord:
        return self.only(random.sample(range(len(self)), len(self)))

    def since(self, start: int) -> SampleRecord:
        """The record without its first samples."""
        return self.only(range(start, len(self)))

    def only(self, order: Sequence[int]) -> SampleRecord:
        """The record with these of its samples, in this order."""
        return SampleRecord(
            self.id,
            self.question,
            tuple(self.classes[i] for i in order),
            tuple(self.correct[i] for i in order),
            tuple(self.tokens[i] for i in order),
            tuple(self.scores[i] for i in order),
            self.prompt_tokens,
            tuple(self.guesses[i] for i in order) if self.guesses else (),
        )


def record_of(problem: PoolProblem) -> SampleRecord:
    """A problem of a pool whose samples are graded; equal answer strings are one class.

    A sample without a verdict counts as wrong.
    """
    numbers: dict[str, int] = {}
    classes = tuple(
        None if s.answer is None else numbers.setdefault(s.answer, len(numbers))
        for s in problem.samples
    )
    prompts = [s.prompt_tokens for s in problem.samples if s.prompt_tokens is not None]
    return SampleRecord(
        problem.id,
        problem.question,
        classes,
        tuple(bool(s.correct) for s in problem.samples),
        tuple(s.completion_tokens for s in problem.samples),
        tuple(s.score for s in problem.samples),
        prompts[0] if prompts else None,
    )


def shuffles(
    records: Sequence[SampleRecord], count: int, seed: int = 0
) -> list[list[SampleRecord]]:
    """The same records with their samples in `count` random orders."""
    randoms = [Random(f"{seed}/{number}") for number in range(count)]
    return [[record.shuffled(random) for record in records] for random in randoms]
