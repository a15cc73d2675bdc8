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
    choosing: Callable[[int], int],
    candidates_from: Callable[[int], int],
    first: bool = True,
) -> int:
    """How many of `free` completions a stage may spend on generating, so that choosing still fits.

    `choosing(c)` is what scoring, selecting and checking take once the stage has brought c
    candidates, `candidates_from(g)` how many candidates g completions yield. Returns the most that
    fits, 0 for none; but at least 1 of a `first` stage, since an answer that was not checked is
    better than none.
    """
    for generating in range(max(0, free), 0, -1):
        if generating + choosing(candidates_from(generating)) <= free:
            return generating
    return 1 if first and free > 0 else 0
