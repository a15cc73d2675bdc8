"""What a run achieved in a few figures, whole and by group."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from its.analysis.intervals import wilson_interval
from its.analysis.outcomes import ProblemOutcome
from its.usage import Usage, total

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Share:
    """Right answers among graded problems, with a 95 % interval; None for no graded problem."""

    right: int
    total: int
    accuracy: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Headline:
    """`greedy` is None where no greedy pass was made beside the pipeline."""

    problems: int
    answered: int
    unanswered: int
    failed: int
    scaled: Share
    greedy: Share | None


@dataclass(frozen=True, slots=True)
class Group:
    """The problems that have something in common: how many, how many right, and their bill."""

    problems: int
    share: Share
    usage: Usage
    seconds: float


def headline(outcomes: Sequence[ProblemOutcome]) -> Headline:
    """Counts and accuracy. A failed or unanswered problem with a reference counts as wrong."""
    statuses = [outcome.status for outcome in outcomes]
    graded = [outcome for outcome in outcomes if outcome.graded]
    baselines = [outcome.baseline for outcome in graded if outcome.baseline is not None]
    return Headline(
        len(outcomes),
        statuses.count("answered"),
        statuses.count("unanswered"),
        statuses.count("failed"),
        share(sum(bool(outcome.correct) for outcome in graded), len(graded)),
        share(sum(bool(b.correct) for b in baselines), len(graded)) if baselines else None,
    )


def share(right: int, of: int) -> Share:
    if of == 0:
        return Share(0, 0, None, None, None)
    return Share(right, of, right / of, *wilson_interval(right, of))


def by_group(
    outcomes: Sequence[ProblemOutcome], key: Callable[[ProblemOutcome], Key]
) -> dict[Key, Group]:
    """Each group's size, accuracy and bill, in the order in which the groups first occur."""
    members: dict[Key, list[ProblemOutcome]] = {}
    for outcome in outcomes:
        members.setdefault(key(outcome), []).append(outcome)
    return {name: _group(group) for name, group in members.items()}


def _group(outcomes: Sequence[ProblemOutcome]) -> Group:
    graded = [outcome for outcome in outcomes if outcome.graded]
    return Group(
        len(outcomes),
        share(sum(bool(outcome.correct) for outcome in graded), len(graded)),
        total(outcome.usage for outcome in outcomes),
        sum(outcome.seconds for outcome in outcomes),
    )
