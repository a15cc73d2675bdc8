"""Strategies: a problem and a door in, candidates out. One algorithm a file.

`STRATEGIES` is the registry: the name in a pipeline's `strategy:` to the class of its settings.
"""

from its.strategies.attempts import Attempts
from its.strategies.beam import Beam
from its.strategies.best_of_n import BestOfN
from its.strategies.deep_reasoning import DeepReasoning
from its.strategies.dvts import DVTS
from its.strategies.fk_steering import FKSteering
from its.strategies.greedy import Greedy
from its.strategies.particle_filter import ParticleFilter
from its.strategies.self_consistency import SelfConsistency
from its.strategies.solution_search import SolutionSearch

STRATEGIES: dict[str, type] = {
    "attempts": Attempts,
    "beam": Beam,
    "best_of_n": BestOfN,
    "deep_reasoning": DeepReasoning,
    "dvts": DVTS,
    "greedy": Greedy,
    "fk_steering": FKSteering,
    "particle_filter": ParticleFilter,
    "self_consistency": SelfConsistency,
    "solution_search": SolutionSearch,
}

__all__ = ["STRATEGIES"]
