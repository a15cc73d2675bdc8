"""Strategies: a problem and a door in, candidates out. One algorithm a file.

`STRATEGIES` is the registry: the name in a pipeline's `strategy:` to the class of its settings.
`NEED_REWARD` and `NEED_CONTINUATION` name those that are refused without.
"""

from its.strategies.ab_mcts import ABMCTS
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

STRATEGIES: dict[str, type[Strategy]] = {
    "ab_mcts": ABMCTS,
    "attempts": Attempts,
    "beam": Beam,
    "best_first": BestFirst,
    "best_of_n": BestOfN,
    "budget_forcing": BudgetForcing,
    "debate": Debate,
    "deep_reasoning": DeepReasoning,
    "doubt_search": DoubtSearch,
    "dvts": DVTS,
    "fk_steering": FKSteering,
    "greedy": Greedy,
    "mcts": MCTS,
    "mixture_of_agents": MixtureOfAgents,
    "parallel_distil_refine": ParallelDistilRefine,
    "particle_filter": ParticleFilter,
    "particle_gibbs": ParticleGibbs,
    "plan_search": PlanSearch,
    "rebase": Rebase,
    "recursive_self_aggregation": RecursiveSelfAggregation,
    "self_consistency": SelfConsistency,
    "solution_search": SolutionSearch,
    "tree_of_thoughts": TreeOfThoughts,
}

NEED_REWARD = frozenset(
    {
        "ab_mcts",
        "beam",
        "best_first",
        "dvts",
        "fk_steering",
        "mcts",
        "particle_filter",
        "particle_gibbs",
        "rebase",
        "solution_search",
    }
)
"""Strategies that raise ConfigurationError where the stage has no reward."""

NEED_CONTINUATION = NEED_REWARD - {"ab_mcts", "solution_search"} | {
    "budget_forcing",
    "doubt_search",
    "tree_of_thoughts",
}
"""Strategies that raise Unsupported where the endpoint cannot continue a partial answer."""

__all__ = ["NEED_CONTINUATION", "NEED_REWARD", "STRATEGIES"]
