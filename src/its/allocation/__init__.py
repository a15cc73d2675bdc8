"""How much to spend, and on what: difficulty, plans, stopping rules, one budget for a batch."""

from its.allocation.difficulty import (
    AskDifficulty,
    FixedDifficulty,
    LengthDifficulty,
    ProbeDifficulty,
)
from its.allocation.stopping import (
    AdaptiveConsistency,
    DiminishingReturns,
    DirichletConsistency,
    NoStop,
    UnanimousWindow,
)

DIFFICULTIES: dict[str, type] = {
    "ask": AskDifficulty,
    "probe": ProbeDifficulty,
    "length": LengthDifficulty,
    "fixed": FixedDifficulty,
}
"""Settings classes by the name in a pipeline's `difficulty.method`."""

STOP_RULES: dict[str, type] = {
    "none": NoStop,
    "adaptive_consistency": AdaptiveConsistency,
    "dirichlet_consistency": DirichletConsistency,
    "unanimous_window": UnanimousWindow,
    "diminishing_returns": DiminishingReturns,
}
"""Settings classes by the name in a pipeline's `stop.rule`."""

__all__ = ["DIFFICULTIES", "STOP_RULES"]
