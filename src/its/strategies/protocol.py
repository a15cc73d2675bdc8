"""What a strategy is given, what it gives back, and the protocol it keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from its.calls.protocol import Door
from its.candidates import Answer, Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet


class StopRule(Protocol):
    """Decides, on answers in the order of their number, when more samples stop paying."""

    def further_samples(self, answers: Sequence[int | None]) -> int:
        """The least number of further samples after which this rule could say stop; 0: stop now.

        `answers` holds a class number for every sample so far (equal numbers are equivalent
        answers; None abstains), in the order of their ordinals, never of arrival.
        """
        ...


class Allowance(Protocol):
    """What one budget for the whole batch grants this problem."""

    async def __call__(self, answers: Sequence[int | None], tokens: float | None, left: int) -> int:
        """How many samples may be drawn now; 0: no more at all. Waits for the other problems.

        `answers` as for a stopping rule; `tokens` is the samples' mean length, None where
        unknown; `left` is how many more this problem could draw.
        """
        ...


class Scorer(Protocol):
    """A reward already bound to its question, door and prompts."""

    def completions(self, candidates: int) -> int:
        """How many completions scoring so many candidates together may cost at most."""
        ...

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]: ...


@dataclass(frozen=True, slots=True)
class Critic:
    """Another model that critiques drafts: its door and its prompts."""

    door: Door
    prompts: PromptSet


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a strategy works with. It knows no reference, file, clock or HTTP.

    `completions` is how many completions this stage may spend on generating (its scoring through
    `scorer` included); `read` extracts an answer from a text, `same` compares two; `stop` is None
    for strategies that run to their end; `earlier` holds the candidates of earlier stages; `seed`
    feeds any random choice of the strategy itself; `stage` begins the id of every candidate;
    `critic` is None where the model critiques its own drafts; `allowance` is None
    unless a budget for the whole batch grants independent samples.
    """

    question: Question
    door: Door
    prompts: PromptSet
    read: Callable[[str], Answer | None]
    same: Callable[[Answer, Answer], bool]
    completions: int
    seed: int
    scorer: Scorer | None = None
    stop: StopRule | None = None
    lookahead: int = 0
    earlier: tuple[Candidate, ...] = ()
    stage: str = ""
    critic: Critic | None = None
    allowance: Allowance | None = None

    def candidate_id(self, label: str) -> str:
        """The id of the candidate that the call `label` of this stage brought."""
        return f"{self.stage}/{label}" if self.stage else label


@dataclass(frozen=True, slots=True)
class Outcome:
    """Candidates in the order of their ordinals, the scores already paid for, and whether the
    stopping rule ended the stage (no later stage then runs)."""

    candidates: tuple[Candidate, ...]
    scores: tuple[Score, ...] = ()
    stopped: bool = False
    note: str = ""
    failures: tuple[str, ...] = field(default_factory=tuple)


class Strategy(Protocol):
    """Settings are its fields; a run holds its state in local values."""

    def candidates_from(self, completions: int) -> int:
        """How many candidates that need a score at selection so many completions yield."""
        ...

    async def run(self, assignment: Assignment) -> Outcome: ...
