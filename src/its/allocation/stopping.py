"""When more samples of one problem stop paying.

Every rule decides on answers in the order of their ordinals, so the same samples stop at the same
place in any concurrency. `further_samples` says how many more samples the shortest way to a stop
takes, so that a caller can draw exactly that many at once and never one too many.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from its.allocation.posterior import (
    leader_beats_all,
    leader_beats_runner_up,
    leader_is_overtaken,
    weighted_leader_beats_runner_up,
)
from its.parts import Part


@dataclass(frozen=True, slots=True)
class StoppingRule(Part, ABC):
    """Decides, on answers in the order of their number, when more samples stop paying."""

    @abstractmethod
    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        """The least number of further samples after which this rule could say stop; 0: stop now.

        `answers` holds a class number for every sample so far (equal numbers are equivalent
        answers; None abstains), in the order of their ordinals, never of arrival. `left` is how
        many more may be drawn here at all (None: as many as the rule itself allows).
        """


NEVER = sys.maxsize
"""More samples than are ever drawn: this rule does not stop."""


@dataclass(frozen=True, slots=True)
class NoStop(StoppingRule):
    """Never stops: the stage draws all that its budget allows."""

    name = "none"

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        return NEVER


@dataclass(frozen=True, slots=True)
class AdaptiveConsistency(StoppingRule):
    """Stops once the leading answer is the truly likelier one of the top two with probability
    `threshold`, or after `maximum` samples (Aggarwal et al. 2023, arXiv 2305.11860, Beta version).

    With a >= b the two highest counts that is `1 - I_0.5(a + 1, b + 1) >= threshold`. Abstentions
    count as samples, not as votes.
    """

    name = "adaptive_consistency"

    threshold: Annotated[float, Gt(0.5), Lt(1)] = 0.95
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        leader, *others = _counts(answers)
        runner_up = max(others, default=0)
        return _least(
            _left(self.maximum, answers, left),
            lambda more: leader_beats_runner_up(leader + more, runner_up) >= self.threshold,
        )


@dataclass(frozen=True, slots=True)
class ConfidenceConsistency(StoppingRule):
    """Adaptive consistency in which a sample counts as its confidence in [0, 1], not as 1.

    A confidence is the model's own (say P(True), or exp of the mean log-probability); one that is
    missing counts as 1. So doubtful samples need more company before they stop anything.
    """

    name = "confidence_consistency"

    threshold: Annotated[float, Gt(0.5), Lt(1)] = 0.95
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(
        self,
        answers: Sequence[int | None],
        left: int | None = None,
        confidences: Sequence[float | None] = (),
    ) -> int:
        """As the base says; `confidences` go by sample. The best case is full confidence."""
        weights: dict[int, float] = {}
        for i, answer in enumerate(answers):
            if answer is not None:
                known = confidences[i] if i < len(confidences) else None
                weights[answer] = weights.get(answer, 0.0) + (1.0 if known is None else known)
        leader, runner_up = [*sorted(weights.values(), reverse=True), 0.0, 0.0][:2]
        return _least(
            _left(self.maximum, answers, left),
            lambda more: (
                weighted_leader_beats_runner_up(leader + more, runner_up) >= self.threshold
            ),
        )


@dataclass(frozen=True, slots=True)
class DirichletConsistency(StoppingRule):
    """As adaptive consistency, but the leader must beat every other answer seen so far, under a
    flat Dirichlet prior over them (arXiv 2305.11860, Dirichlet version).

    With at most two different answers it is the Beta version; with more it asks for a little more.
    """

    name = "dirichlet_consistency"

    threshold: Annotated[float, Gt(0.5), Lt(1)] = 0.95
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        leader, *others = _counts(answers)
        rivals = tuple(others) or (0,)
        return _least(
            _left(self.maximum, answers, left),
            lambda more: leader_beats_all(leader + more, rivals) >= self.threshold,
        )


@dataclass(frozen=True, slots=True)
class UnanimousWindow(StoppingRule):
    """Stops when one of the consecutive windows of `window` samples agrees completely, or after
    `maximum` samples (early-stopping self-consistency, Li et al. 2024, arXiv 2401.10480).

    Windows do not overlap; a missing answer breaks unanimity. The vote is over all samples.
    """

    name = "unanimous_window"

    window: Annotated[int, Ge(2)] = 5
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        begun = len(answers) % self.window
        full = len(answers) - begun
        most = _left(self.maximum, answers, left)
        if any(_agree(answers[i : i + self.window]) for i in range(0, full, self.window)):
            return 0
        rest = self.window - begun
        if begun and not _agree(answers[full:]):
            rest += self.window
        return min(rest, most)


@dataclass(frozen=True, slots=True)
class DiminishingReturns(StoppingRule):
    """Stops when the chance that the samples still allowed would change the leader is at most
    `tolerance`. Those are what the stage may still draw, and at most `maximum` in all.

    The chance is the posterior predictive one: given the top two counts a >= b and m samples to
    go, the runner-up gains a Beta-binomial(m, b + 1, a + 1) share and must overtake. Unlike
    adaptive consistency it knows that nothing can change any more when little budget is left.
    """

    name = "diminishing_returns"

    tolerance: Annotated[float, Ge(0), Lt(0.5)] = 0.05
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        leader, *others = _counts(answers)
        runner_up = max(others, default=0)
        most = _left(self.maximum, answers, left)
        return _least(
            most,
            lambda more: (
                leader + more > 0
                and leader_is_overtaken(leader + more, runner_up, most - more) <= self.tolerance
            ),
        )


@dataclass(frozen=True, slots=True)
class Consensus(StoppingRule):
    """Stops when the leading answer has at least the share `ratio` of the votes, after `minimum`
    samples, or after `maximum` (the consensus of DeepConf online, arXiv:2508.15260)."""

    name = "consensus"

    ratio: Annotated[float, Gt(0.5), Le(1)] = 0.95
    minimum: Annotated[int, Ge(1)] = 16
    maximum: Annotated[int, Ge(1)] = 40

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        counts = _counts(answers)
        leader, votes, drawn = counts[0], sum(counts), len(answers)
        return _least(
            _left(self.maximum, answers, left),
            lambda more: (
                drawn + more >= self.minimum
                and leader + more > 0
                and leader + more >= self.ratio * (votes + more) - 1e-9
            ),
        )


def _left(maximum: int, answers: Sequence[int | None], left: int | None) -> int:
    """How many more samples a rule may still ask for."""
    own = max(0, maximum - len(answers))
    return own if left is None else min(own, left)


def _counts(answers: Sequence[int | None]) -> list[int]:
    """Votes of every answer seen, most first; [0] where none was."""
    votes = Counter(answer for answer in answers if answer is not None)
    return sorted(votes.values(), reverse=True) or [0]


def _agree(answers: Sequence[int | None]) -> bool:
    return answers[0] is not None and all(answer == answers[0] for answer in answers)


def _least(left: int, stops: Callable[[int], bool]) -> int:
    """The least number of further samples, all for the leader, at which a rule stops.

    That is the best case of every rule here, and each is monotone in it, so bisection finds it.
    `left` samples are allowed at most, and reaching that is a stop too.
    """
    low, high = 0, left
    while low < high:
        middle = (low + high) // 2
        if stops(middle):
            high = middle
        else:
            low = middle + 1
    return low
