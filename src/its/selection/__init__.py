"""Candidates and scores in, one answer with its confidence and its reason out."""

from its.parts import Registry
from its.selection.bests import Borda, MajorityOfBests
from its.selection.knockout import Knockout
from its.selection.methods import BestScored, Cisc, First, StepVote, Vote, WeightedVote
from its.selection.protocol import Ballot, Selector
from its.selection.universal import Universal
from its.selection.votes import best_by_reward, cisc, norm_vote, vote, weighted_vote

SELECTORS: Registry[Selector] = Registry(
    "selection",
    Selector,
    "its.selections",
    (
        First,
        Vote,
        WeightedVote,
        BestScored,
        MajorityOfBests,
        Borda,
        Cisc,
        StepVote,
        Knockout,
        Universal,
    ),
)
"""The selection parts by the name that a pipeline file uses."""

__all__ = [
    "SELECTORS",
    "Ballot",
    "BestScored",
    "Borda",
    "Cisc",
    "First",
    "Knockout",
    "MajorityOfBests",
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
