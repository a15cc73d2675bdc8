"""Candidates and scores in, one answer with its confidence and its reason out."""

from its.selection.knockout import Knockout
from its.selection.methods import BestOfN, Cisc, First, StepVote, Vote, WeightedVote
from its.selection.protocol import Ballot, Selector
from its.selection.universal import Universal
from its.selection.votes import best_by_reward, cisc, norm_vote, vote, weighted_vote

SELECTORS: dict[str, type] = {
    "first": First,
    "vote": Vote,
    "weighted_vote": WeightedVote,
    "best_of_n": BestOfN,
    "cisc": Cisc,
    "step_vote": StepVote,
    "knockout": Knockout,
    "universal": Universal,
}
"""Settings classes by the name that a configuration uses. Each keeps the Selector protocol."""

__all__ = [
    "SELECTORS",
    "Ballot",
    "BestOfN",
    "Cisc",
    "First",
    "Knockout",
    "Selector",
    "StepVote",
    "Universal",
    "Vote",
    "WeightedVote",
    "best_by_reward",
    "cisc",
    "norm_vote",
    "vote",
    "weighted_vote",
]
