"""Diminishing returns: what each further sample changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from its.allocation.returns import History

MOST_POINTS = 64


@dataclass(frozen=True, slots=True)
class Return:
    """After at most `samples` of each problem: the mean number drawn, the share of problems whose
    vote is already the vote of all, and the share that is right (None where nothing is graded)."""

    samples: int
    drawn: float
    settled: float
    right: float | None


def returns(histories: Sequence[History]) -> list[Return]:
    """A point for each number of samples, up to the most that any problem drew.

    Votes are plain ones; problems without a sample are left out. Long runs are thinned.
    """
    drawn = [history for history in histories if history.classes]
    if not drawn:
        return []
    most = max(len(history.classes) for history in drawn)
    graded = any(history.correct for history in drawn)
    count, settled, right = [0] * most, [0] * most, [0] * most
    for history in drawn:
        winners = list(_winners(history.classes))
        winners += [winners[-1]] * (most - len(winners))
        for i, winner in enumerate(winners):
            count[i] += i < len(history.classes)
            settled[i] += winner == winners[-1]
            right[i] += winner is not None and _right(history, winner)
    points: list[Return] = []
    total = 0
    for i in range(most):
        total += count[i]
        points.append(
            Return(
                i + 1,
                total / len(drawn),
                settled[i] / len(drawn),
                right[i] / len(drawn) if graded else None,
            )
        )
    return _thinned(points)


def _winners(classes: Sequence[int | None]) -> Iterator[int | None]:
    """The vote of every prefix; a tie goes to the answer that occurred first."""
    votes: dict[int, int] = {}
    order: dict[int, int] = {}
    winner: int | None = None
    for number in classes:
        if number is not None:
            votes[number] = votes.get(number, 0) + 1
            order.setdefault(number, len(order))
            if winner is None or (votes[number], -order[number]) > (votes[winner], -order[winner]):
                winner = number
        yield winner


def _right(history: History, winner: int) -> bool:
    return bool(history.correct) and history.correct[history.classes.index(winner)]


def _thinned(points: list[Return]) -> list[Return]:
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    places = sorted({round(i * last / (MOST_POINTS - 1)) for i in range(MOST_POINTS)})
    return [points[i] for i in places]
