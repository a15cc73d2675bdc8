"""What strategies produce and rewards judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from its.problems.problem import AnswerKind


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer read out of a text. `fallback` marks a guess (say, the last number in it)."""

    text: str
    kind: AnswerKind
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One attempt at a solution.

    `id` is unique in its problem: stage and ordinal ("attempts/3"). `answer` is None where
    nothing could be read out of the text: such a candidate abstains from every vote. `complete`
    is False for one that was cut short. `weight` counts it as so many samples (a particle's
    normalised weight times N). `step_scores` are process rewards in [0, 1], one per step.
    `mean_logprob` averages the natural-log probabilities of its tokens; `token_confidences` holds
    for each of them the mean of -log p over its likeliest alternatives, where those were asked for.
    `model` names the model that wrote it where several share the stage.
    """

    id: str
    text: str
    answer: Answer | None
    complete: bool = True
    style: str = ""
    parents: tuple[str, ...] = ()
    weight: float = 1.0
    step_scores: tuple[float, ...] = ()
    mean_logprob: float | None = None
    tokens: int | None = None
    token_confidences: tuple[float, ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What a reward says of one candidate: a value in [0, 1], or None where it abstains.

    A value that is no finite number says nothing, so it is an abstention too.
    """

    candidate: str
    value: float | None
    reward: str
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            object.__setattr__(self, "value", None)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which candidate answers, how sure that is (0 to 1), and why.

    `candidate` is None where every candidate abstained. `tally` holds (answer, weight) for each
    class of equivalent answers, heaviest first. `verified` says whether it passed its
    check (False: every answer that was checked failed), None where none was made.
    """

    candidate: Candidate | None
    confidence: float | None
    reason: str
    tally: tuple[tuple[str, float], ...] = ()
    verified: bool | None = None


def without_guesses(classes: Sequence[int | None], guesses: Sequence[bool]) -> list[int | None]:
    """The classes that vote: a guess (the last number in a text, say) abstains where any
    candidate states its answer."""
    stated = any(
        number is not None and not guess for number, guess in zip(classes, guesses, strict=True)
    )
    return [
        None if stated and guess else number for number, guess in zip(classes, guesses, strict=True)
    ]
