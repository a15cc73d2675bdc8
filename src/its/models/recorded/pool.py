"""A pool: many recorded samples for each of many problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from its.problems.problem import Problem, Question


@dataclass(frozen=True, slots=True)
class RecordedSample:
    """One recorded completion. None wherever the record is silent.

    `answer` is the recorded answer in its own spelling: equal strings are equal answers. `score`
    is a reward in [0, 1].
    """

    text: str | None
    answer: str | None
    correct: bool | None = None
    completion_tokens: int | None = None
    prompt_tokens: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class PoolProblem:
    """A problem with its samples, in the order recorded."""

    id: str
    question: str
    reference: Any
    samples: tuple[RecordedSample, ...]
    problem: Problem | None = None
    """All that its row says, where that is known: kind of answer, choices, verifier."""

    @property
    def asked(self) -> Problem:
        if self.problem is not None:
            return self.problem
        return Problem(self.id, 0, Question(self.question), self.reference)

    def like(self, problem: Problem) -> PoolProblem:
        """With the reference and all else that another source says of the problem."""
        return replace(self, reference=problem.reference, problem=problem)


@dataclass(frozen=True, slots=True)
class Pool:
    """Problems in the order of the file.

    `biased` says why its samples are no fair draw from the model (they come from a run that
    stopped adaptively, say); empty where they are. `flops` is what a sample took on average;
    `input_price` and `output_price` are US dollars per million tokens; None where unknown.
    `configuration` is that of the run which drew the samples.
    """

    name: str
    problems: tuple[PoolProblem, ...]
    biased: str = ""
    flops: float | None = None
    input_price: float | None = None
    output_price: float | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict)
