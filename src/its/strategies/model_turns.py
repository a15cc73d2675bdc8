"""Whose turn it is where several models share a stage by stated shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from its.strategies.protocol import StageModel

OwnTurn = tuple[str, int]
"""A model's name ("" for the stage's only one), and the number of this among its own turns."""


def model_turns(models: Sequence[StageModel], count: int) -> list[OwnTurn]:
    """Who takes each of so many calls. Equal shares go round in order; with others, every model is
    due its share at each turn, and the one that is due most takes it (smooth weighted round
    robin), so that any first part of the turns keeps the shares as well as it can."""
    if not models:
        return [("", number) for number in range(count)]
    due, taken = [0.0] * len(models), Counter[str]()
    whole, turns = sum(each.share for each in models), list[OwnTurn]()
    for _ in range(count):
        due = [owed + each.share for owed, each in zip(due, models, strict=True)]
        place = max(range(len(models)), key=lambda number: round(due[number], 9))
        due[place] -= whole
        name = models[place].name
        turns.append((name, taken[name]))
        taken[name] += 1
    return turns
