"""What a pipeline asks of its models and they cannot do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from its.models.protocol import Capabilities
from its.parts import Need
from its.pipeline.clients import model_roles
from its.pipeline.uses import Fault, place_of, stages_of

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

LEAST_CONTEXT_SHARE = 2
"""A completion may fill at most one part in so many of the context: the prompt needs room too."""


def incapable(pipeline: Pipeline, capabilities: Mapping[str, Capabilities]) -> Iterator[Fault]:
    """Parts that need what the model they run on does not do."""
    settings = model_roles(pipeline)
    judge = "judge" if "judge" in settings else "model"
    for use, stage in stages_of(pipeline):
        strategy = stage.build()
        needed = strategy.needed()
        read = any(rule.build().reads_alternatives for rule in stage.cut)
        if strategy.gives_probabilities() and (read or _read_by_reward(pipeline)):
            needed |= {Need.TOKEN_PROBABILITIES}
        for sentence in _lacking(settings[use.role].name, needed, capabilities[use.role]):
            yield Fault(use.path, f"strategy {strategy.name} {sentence}")
        if stage.reward is not None:
            reward = stage.reward.build()
            for sentence in _lacking(settings[judge].name, reward.needed(), capabilities[judge]):
                yield Fault((*use.path, "reward"), f"reward {reward.name} {sentence}")
    if pipeline.select.reward is not None:
        reward = pipeline.select.reward.build()
        for sentence in _lacking(settings[judge].name, reward.needed(), capabilities[judge]):
            yield Fault(("select", "reward"), f"reward {reward.name} {sentence}")


def _read_by_reward(pipeline: Pipeline) -> bool:
    return bool(pipeline.select.reward and pipeline.select.reward.build().reads_probabilities)


def _lacking(model: str, needed: frozenset[Need], found: Capabilities) -> Iterator[str]:
    if Need.CONTINUATION in needed and found.continues == "no":
        yield (
            f"continues partial answers, which {model} does not: use a strategy of whole "
            "answers, such as attempts or solution_search, or a server that continues"
        )
    if Need.TOKEN_PROBABILITIES in needed and not found.logprobs:
        yield (
            f"needs token probabilities, which {model} does not give: use self_evaluation or "
            "vote, or a server that gives them"
        )
    if Need.TEXT_PROBABILITIES in needed and not found.scores:
        yield (
            f"needs the probabilities of given texts, which {model} does not give: use "
            "self_evaluation, or an embedded model as the judge"
        )


def small_context(pipeline: Pipeline, capabilities: Mapping[str, Capabilities]) -> Iterator[Fault]:
    """Completions that leave no room for a prompt."""
    for role, settings in model_roles(pipeline).items():
        context = capabilities[role].context
        if context is not None and settings.max_tokens >= context:
            place = place_of(role)
            yield Fault(
                (*place.split("."), "max_tokens"),
                f"{settings.name} has a context of {context:,} tokens, and completions of "
                f"{settings.max_tokens:,} leave no room for a prompt: set {place}.max_tokens to "
                f"{context // LEAST_CONTEXT_SHARE:,} or less, or give the server a larger context",
            )
