"""Rewards: a candidate or a prefix in, a score with its reason out. One reward a file."""

from its.parts import Registry
from its.rewards.checks import ChoiceCheck, CodeTests, PatternCheck, SchemaCheck, ValueCheck
from its.rewards.deepconf import DeepConf
from its.rewards.endpoint import EndpointReward
from its.rewards.generalist import Generalist
from its.rewards.genrm import GenRM
from its.rewards.likelihood import Likelihood
from its.rewards.logprobs import MeanLogprob, PTrue, SequenceProbability
from its.rewards.pairwise import League
from its.rewards.protocol import Reward
from its.rewards.self_evaluation import SelfEvaluation
from its.rewards.steps import StepReward

REWARDS: Registry[Reward] = Registry(
    "reward",
    Reward,
    "its.rewards",
    (
        SelfEvaluation,
        Generalist,
        PTrue,
        MeanLogprob,
        SequenceProbability,
        DeepConf,
        Likelihood,
        GenRM,
        League,
        StepReward,
        EndpointReward,
        CodeTests,
        PatternCheck,
        SchemaCheck,
        ChoiceCheck,
        ValueCheck,
    ),
)
"""The reward parts by the name that a pipeline file uses."""

__all__ = [
    "REWARDS",
    "ChoiceCheck",
    "CodeTests",
    "DeepConf",
    "EndpointReward",
    "GenRM",
    "Generalist",
    "League",
    "Likelihood",
    "MeanLogprob",
    "PTrue",
    "PatternCheck",
    "Reward",
    "SchemaCheck",
    "SelfEvaluation",
    "SequenceProbability",
    "StepReward",
    "ValueCheck",
]
