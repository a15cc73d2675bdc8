"""How much to spend, and on what: difficulty, plans, stopping and cutting rules, one budget for a
batch."""

from its.allocation.cutting import CuttingRule
from its.allocation.cutting_rules import LowConfidence, Repetition, Shortest
from its.allocation.difficulty import (
    AskDifficulty,
    DifficultyMethod,
    FixedDifficulty,
    LengthDifficulty,
    ProbeDifficulty,
)
from its.allocation.stopping import (
    AdaptiveConsistency,
    Consensus,
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
    (
        NoStop,
        AdaptiveConsistency,
        DirichletConsistency,
        UnanimousWindow,
        DiminishingReturns,
        Consensus,
    ),
)
"""The stopping rule parts by the name that a pipeline file uses."""

CUTTING_RULES: Registry[CuttingRule] = Registry(
    "cutting rule", CuttingRule, "its.cutting_rules", (LowConfidence, Shortest, Repetition)
)
"""The cutting rule parts by the name that a pipeline file uses."""

__all__ = ["CUTTING_RULES", "DIFFICULTIES", "STOP_RULES"]
