"""How much to spend, and on what: difficulty, plans, stopping rules, one budget for a batch."""

from its.allocation.difficulty import (
    AskDifficulty,
    DifficultyMethod,
    FixedDifficulty,
    LengthDifficulty,
    ProbeDifficulty,
)
from its.allocation.stopping import (
    AdaptiveConsistency,
    DiminishingReturns,
    DirichletConsistency,
    NoStop,
    StoppingRule,
    UnanimousWindow,
)
from its.parts import Registry

DIFFICULTIES: Registry[DifficultyMethod] = Registry(
    "difficulty",
    DifficultyMethod,
    "its.difficulties",
    (AskDifficulty, ProbeDifficulty, LengthDifficulty, FixedDifficulty),
)
"""The difficulty parts by the name that a pipeline file uses."""

STOP_RULES: Registry[StoppingRule] = Registry(
    "stopping rule",
    StoppingRule,
    "its.stopping_rules",
    (NoStop, AdaptiveConsistency, DirichletConsistency, UnanimousWindow, DiminishingReturns),
)
"""The stopping rule parts by the name that a pipeline file uses."""

__all__ = ["DIFFICULTIES", "STOP_RULES"]
