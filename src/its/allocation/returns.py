"""What the last part of a batch's spending bought."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from its.estimators import majority


@dataclass(frozen=True, slots=True)
class History:
    """A problem's samples in order: answer classes (None abstains), and whether each is right
    (empty without a reference)."""

    classes: tuple[int | None, ...]
    correct: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class LastPart:
    """`samples` were the last part; `changed` problems answer otherwise for it; `gained` right
    answers (fewer than none where it did harm), None where nothing is graded."""

    samples: int
    changed: int
    gained: int | None

    def in_words(self) -> str:
        problems = "problem" if self.changed == 1 else "problems"
        verb = "has" if self.changed == 1 else "have"
        if self.changed == 0:
            return f"Without the last tenth of the samples ({self.samples}) no answer would differ."
        changed = (
            f"Because of the last tenth of the samples ({self.samples}), {self.changed} {problems} "
            f"{verb} another answer"
        )
        if self.gained is None:
            return f"{changed}."
        if self.gained == 0:
            return f"{changed}, and as many are right as without them."
        more = "more" if self.gained > 0 else "fewer"
        verb = "is" if abs(self.gained) == 1 else "are"
        return f"{changed}, and {abs(self.gained)} {more} {verb} right."


def last_part(histories: Sequence[History], share: float = 0.1) -> LastPart:
    """Compare the votes with and without the last tenth of all samples.

    Spending is put in the order of the samples' numbers: every problem's first sample, every
    problem's second, and so on; in an adaptive run the last part is what the hardest drew.
    """
    order = sorted(
        (number, i) for i, history in enumerate(histories) for number in range(len(history.classes))
    )
    kept = len(order) - math.ceil(share * len(order))
    shorter = [0] * len(histories)
    for _, i in order[:kept]:
        shorter[i] += 1
    changed = gained = 0
    for history, n in zip(histories, shorter, strict=True):
        before, after = majority(history.classes[:n]), majority(history.classes)
        changed += _class(history, before) != _class(history, after)
        if history.correct:
            gained += _right(history, after) - _right(history, before)
    graded = any(history.correct for history in histories)
    return LastPart(len(order) - kept, changed, gained if graded else None)


def _class(history: History, winner: int | None) -> int | None:
    return None if winner is None else history.classes[winner]


def _right(history: History, winner: int | None) -> bool:
    return winner is not None and history.correct[winner]
