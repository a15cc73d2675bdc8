"""Classes of equivalent answers, ranked: pure arithmetic on class numbers, scores and weights.

Throughout, `classes` holds a class number for every candidate (equal numbers are equivalent
answers; None abstains and never counts), `scores` a value in [0, 1] or None for every candidate,
and `samples` how many samples each candidate counts for (None: one each). Runs and replays of
recorded samples rank by these same functions, so both choose alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Classes = Sequence[int | None]
Scores = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class AnswerClass:
    """Equivalent answers: which candidates hold them (by position), their weight in the vote,
    their total reward, and the position of the one that represents them."""

    members: tuple[int, ...]
    weight: float
    reward: float
    representative: int


def by_votes(
    classes: Classes, scores: Scores | None = None, samples: Sequence[float] | None = None
) -> list[AnswerClass]:
    """Classes by how many samples hold them. Scores only break ties."""
    return ranked(classes, scores, samples, _ones(classes) if samples is None else samples)


def by_weighted_votes(
    classes: Classes, scores: Scores, samples: Sequence[float] | None = None
) -> list[AnswerClass]:
    """Classes by the sum of their candidates' scores; by votes where none scored above zero."""
    filled = filled_scores(scores, classes)
    if not any(filled):
        return by_votes(classes, scores, samples)
    counts = _ones(classes) if samples is None else samples
    weights = [count * value for count, value in zip(counts, filled, strict=True)]
    return ranked(classes, scores, samples, weights)


def by_norm(
    classes: Classes,
    scores: Scores,
    samples: Sequence[float] | None = None,
    agreement: float = 0.0,
) -> list[AnswerClass]:
    """Classes by the p-norm of their candidates' scores, p = 1 / agreement; `agreement` 0 is the
    best score. A class of m equal scores s weighs s * m**agreement."""
    filled = filled_scores(scores, classes)
    if not any(filled):
        return by_votes(classes, scores, samples)
    counts = _ones(classes) if samples is None else samples
    norms: dict[int, float] = {}
    for number in {number for number in classes if number is not None}:
        members = [
            (count, value)
            for count, value, other in zip(counts, filled, classes, strict=True)
            if other == number
        ]
        norms[number] = _norm(members, agreement)
    return ranked(classes, scores, samples, [0.0] * len(classes), norms)


def by_softmax(
    classes: Classes, scores: Scores, samples: Sequence[float] | None, temperature: float
) -> list[AnswerClass]:
    """Classes by the sum of softmax(score / temperature) over the candidates with an answer."""
    filled = filled_scores(scores, classes)
    voting = [value for value, number in zip(filled, classes, strict=True) if number is not None]
    top = max(voting, default=0.0)
    counts = _ones(classes) if samples is None else samples
    weights = [
        0.0 if number is None else count * math.exp((value - top) / temperature)
        for count, value, number in zip(counts, filled, classes, strict=True)
    ]
    return ranked(classes, scores, samples, weights)


def guard_of(candidates: int) -> float:
    """How far best-of-n moves towards the weighted vote: 0 for one candidate, towards 1."""
    return 1 - 1 / math.sqrt(max(candidates, 1))


def ranked(
    classes: Classes,
    scores: Scores | None,
    samples: Sequence[float] | None,
    weights: Sequence[float],
    class_weights: dict[int, float] | None = None,
) -> list[AnswerClass]:
    """Classes, best first: heaviest, then of higher total reward, then of earliest occurrence.

    A class weighs the sum of its candidates' `weights`, or what `class_weights` says. Its best
    scored candidate represents it, of equals the earliest.
    """
    known = [None] * len(classes) if scores is None else [_finite(value) for value in scores]
    counts = _ones(classes) if samples is None else samples
    members: dict[int, list[int]] = {}
    for position, number in enumerate(classes):
        if number is not None:
            members.setdefault(number, []).append(position)
    found = []
    for number, positions in members.items():
        weight = math.fsum(weights[i] for i in positions)
        found.append(
            AnswerClass(
                tuple(positions),
                weight if class_weights is None else class_weights[number],
                math.fsum(counts[i] * (known[i] or 0.0) for i in positions),
                max(positions, key=lambda i: (_or_less(known[i]), -i)),
            )
        )
    return sorted(found, key=lambda c: (-rounded(c.weight), -rounded(c.reward), c.members[0]))


def filled_scores(scores: Scores, classes: Classes) -> list[float]:
    """Scores with the mean of the known ones where one is missing (0 where none is known).

    Only candidates that vote count: what was scored without an answer says nothing here, and
    weighs 0. A score that is no number is missing.
    """
    voting = [
        None if number is None else _finite(value)
        for value, number in zip(scores, classes, strict=True)
    ]
    known = [value for value in voting if value is not None]
    mean = math.fsum(known) / len(known) if known else 0.0
    return [
        0.0 if number is None else mean if value is None else value
        for value, number in zip(voting, classes, strict=True)
    ]


def confidence(ranking: Sequence[AnswerClass], samples: Sequence[float] | None = None) -> float:
    """How sure the first of the ranked classes is, from 0 to 1."""
    weighing = math.fsum(c.weight for c in ranking)
    share = ranking[0].weight / weighing if weighing > 0 else 1 / len(ranking)
    voting = math.fsum(1.0 if samples is None else samples[i] for c in ranking for i in c.members)
    return share_confidence(share, voting)


def share_confidence(share: float, voting: float) -> float:
    """Probability that the winner is right, from its share in [0, 1] of `voting` votes.

    Half a vote is taken off the winner: it always has its own, so that its share overstates most
    where votes are few (one sample says 0.5, eight that agree .94). Who abstained has said
    nothing. Without any fitted constant this is close to the accuracy seen on recorded pools;
    docs/selection.md has the reliability table.
    """
    return min(max(share - 0.5 / voting, 0.0), 1.0) if voting > 0 else 0.0


def rounded(value: float) -> float:
    """Sums that differ only by the order of adding up are equal."""
    return float(f"{value:.12g}")


def _ones(classes: Classes) -> list[float]:
    return [1.0] * len(classes)


def _norm(members: Sequence[tuple[float, float]], agreement: float) -> float:
    top = max(value for _, value in members)
    if top <= 0 or agreement == 0:
        return top
    terms = math.fsum(count * (value / top) ** (1 / agreement) for count, value in members)
    return float(top * terms**agreement)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _or_less(value: float | None) -> float:
    return -1.0 if value is None else value
