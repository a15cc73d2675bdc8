"""Rewards: a candidate or a prefix in, a score with its reason out. One reward a file."""

from its.rewards.checks import ChoiceCheck, CodeTests, PatternCheck, SchemaCheck, ValueCheck
from its.rewards.deepconf import DeepConf
from its.rewards.generalist import Generalist
from its.rewards.genrm import GenRM
from its.rewards.likelihood import Likelihood
from its.rewards.logprobs import MeanLogprob, PTrue, SequenceProbability
from its.rewards.pairwise import League
from its.rewards.protocol import Reward
from its.rewards.self_evaluation import SelfEvaluation
from its.rewards.steps import StepReward

REWARDS: dict[str, type] = {
    "self_evaluation": SelfEvaluation,
    "generalist": Generalist,
    "p_true": PTrue,
    "mean_logprob": MeanLogprob,
    "sequence_probability": SequenceProbability,
    "deepconf": DeepConf,
    "likelihood": Likelihood,
    "genrm": GenRM,
    "league": League,
    "steps": StepReward,
    "code_tests": CodeTests,
    "pattern": PatternCheck,
    "json_schema": SchemaCheck,
    "choice": ChoiceCheck,
    "value": ValueCheck,
}
"""Settings classes by the name that a configuration uses. Each keeps the Reward protocol."""

__all__ = [
    "REWARDS",
    "ChoiceCheck",
    "CodeTests",
    "DeepConf",
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
