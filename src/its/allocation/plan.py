"""How much one problem may spend, and how a stage divides it: whole completions, exact."""

from __future__ import annotations

from collections.abc import Callable


def planned_budget(difficulty: int, per_difficulty: int = 10, maximum: int = 100) -> int:
    """Completions of any kind that a problem of difficulty 1 to 10 may spend.

    The question that found the difficulty out is inside it.
    """
    return min(difficulty * per_difficulty, maximum)


def split(
    free: int,
    scoring: Callable[[int], int],
    candidates_from: Callable[[int], int],
    waiting: int = 0,
) -> int:
    """How many of `free` completions a stage may spend on generating, so that scoring still fits.

    `scoring(c)` is what scoring c candidates costs, `candidates_from(g)` how many candidates that
    need a score g completions yield, `waiting` how many of earlier stages still need one. The last
    candidate may go unscored (it then weighs the mean of the others), so a plan of 10 with one
    completion a score is: question 1, attempts 5, scores 4. Returns the most that fits, 0 for none.
    """
    for generating in range(max(0, free), 0, -1):
        candidates = waiting + candidates_from(generating)
        if generating + scoring(max(0, candidates - 1)) <= free:
            return generating
    return 0
