"""Strategies: a problem and a door in, candidates out. One algorithm per file.

`STRATEGIES` is the registry: the name in a pipeline's `strategy:` to the strategy's class.
"""

from its.parts import Registry
from its.strategies.ab_mcts import ABMCTS
from its.strategies.adaptive_best_of_n import AdaptiveBestOfN
from its.strategies.attempts import Attempts
from its.strategies.beam import Beam
from its.strategies.best_first import BestFirst
from its.strategies.best_of_n import BestOfN
from its.strategies.budget_forcing import BudgetForcing
from its.strategies.debate import Debate
from its.strategies.deep_reasoning import DeepReasoning
from its.strategies.doubt_search import DoubtSearch
from its.strategies.dvts import DVTS
from its.strategies.fk_steering import FKSteering
from its.strategies.greedy import Greedy
from its.strategies.mcts import MCTS
from its.strategies.mixture_of_agents import MixtureOfAgents
from its.strategies.parallel_distil_refine import ParallelDistilRefine
from its.strategies.particle_filter import ParticleFilter
from its.strategies.particle_gibbs import ParticleGibbs
from its.strategies.plan_search import PlanSearch
from its.strategies.protocol import Strategy
from its.strategies.rebase import Rebase
from its.strategies.recursive_self_aggregation import RecursiveSelfAggregation
from its.strategies.self_consistency import SelfConsistency
from its.strategies.solution_search import SolutionSearch
from its.strategies.tree_of_thoughts import TreeOfThoughts

STRATEGIES: Registry[Strategy] = Registry(
    "strategy",
    Strategy,
    "its.strategies",
    (
        ABMCTS,
        AdaptiveBestOfN,
        Attempts,
        Beam,
        BestFirst,
        BestOfN,
        BudgetForcing,
        Debate,
        DeepReasoning,
        DoubtSearch,
        DVTS,
        FKSteering,
        Greedy,
        MCTS,
        MixtureOfAgents,
        ParallelDistilRefine,
        ParticleFilter,
        ParticleGibbs,
        PlanSearch,
        Rebase,
        RecursiveSelfAggregation,
        SelfConsistency,
        SolutionSearch,
        TreeOfThoughts,
    ),
)
"""The strategy parts by the name that a pipeline file uses."""

__all__ = ["STRATEGIES", "Strategy"]
