"""Dual execution agreement: programs that pass the same tests confirm each other and the tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """What programs and tests say of each other.

    `classes` numbers programs by the set of tests they pass; `scores` holds for every program
    the share of all programs in its class times the share of test weight that it passes (0 to 1);
    `chosen` is the position of the best program, None where none passes anything.
    """

    classes: tuple[int, ...]
    scores: tuple[float, ...]
    chosen: int | None


def agreement(
    passed: Sequence[Sequence[bool]],
    texts: Sequence[str],
    weights: Sequence[float] | None = None,
) -> Agreement:
    """CodeT (arXiv:2207.10397): the score of a class is its number of programs times the tests
    that they pass.

    `passed[i][t]` says whether program i passes test t; `weights` how often each test was
    written (1 by default). The class of the highest score wins, ties to the one that occurs
    first; in it the program whose text was written most often speaks, the first of several.
    """
    weights = [1.0] * (len(passed[0]) if passed else 0) if weights is None else weights
    total = sum(weights) or 1.0
    numbers: dict[tuple[bool, ...], int] = {}
    classes = tuple(numbers.setdefault(tuple(row), len(numbers)) for row in passed)
    sizes = Counter(classes)
    tested = [sum(w for hit, w in zip(row, weights, strict=True) if hit) / total for row in passed]
    scores = tuple(sizes[c] / len(passed) * t for c, t in zip(classes, tested, strict=True))
    if not any(scores):
        return Agreement(classes, scores, None)
    winner = classes[scores.index(max(scores))]
    written = Counter(_plain(t) for t, c in zip(texts, classes, strict=True) if c == winner)
    members = [i for i, c in enumerate(classes) if c == winner]
    chosen = max(members, key=lambda i: (written[_plain(texts[i])], -i))
    return Agreement(classes, scores, chosen)


def _plain(text: str) -> str:
    return " ".join(text.split())
