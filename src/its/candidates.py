"""What strategies produce and rewards judge."""

from __future__ import annotations

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
    normalised weight times N). `step_scores` are process rewards in [0, 1], a step each.
    `mean_logprob` averages the natural-log probabilities of its tokens; `token_confidences` holds
    for each of them the mean of -log p over its likeliest alternatives, where those were asked for.
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


@dataclass(frozen=True, slots=True)
class Score:
    """A reward's word on one candidate: a value in [0, 1], or None where it abstains."""

    candidate: str
    value: float | None
    reward: str
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which candidate answers, how sure that is (0 to 1), and why.

    `candidate` is None where every candidate abstained. `tally` holds (answer, weight) a class of
    equivalent answers, heaviest first.
    """

    candidate: Candidate | None
    confidence: float | None
    reason: str
    tally: tuple[tuple[str, float], ...] = ()
