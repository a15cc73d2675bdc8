"""Opening the models that a pipeline names, with their limits, prices and prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from its import redaction
from its.calls.client import ModelClient, Price, Sampling
from its.calls.limits import PerMinute, Slots
from its.calls.retries import Circuit, RetryPolicy
from its.errors import ConfigurationError
from its.models.backends import backend_of
from its.models.known import price_of
from its.models.protocol import Model
from its.pipeline.reward_endpoints import open_reward, reward_endpoints, settings_of
from its.prompts import PromptSet, load_prompt_set, unknown_overrides

if TYPE_CHECKING:
    from its.models.settings import ModelSettings
    from its.pipeline.config import Pipeline

GRADING = "grading"
"""The role of the model that grades."""

SHORT_REPLY = 1024
"""Tokens; a longer reply may take more than a minute."""


@dataclass(frozen=True, slots=True)
class OpenModels:
    """The models of a pipeline by role (`model`, `judge`, the names in `models`, and those of
    served reward models)."""

    clients: dict[str, ModelClient]
    prompts: dict[str, PromptSet]

    async def close(self) -> None:
        for client in self.clients.values():
            await client.model.close()


def open_models(pipeline: Pipeline, given: Mapping[str, Model] | None = None) -> OpenModels:
    """Open every model that the pipeline names. Nothing is asked of any yet.

    `given` holds models that are open already, by role. Raises ConfigurationError where one has
    no endpoint.
    """
    given = given or {}
    clients = {
        role: open_client(settings, pipeline, given.get(role))
        for role, settings in model_roles(pipeline).items()
    }
    for role, reward in reward_endpoints(pipeline).items():
        model = given.get(role) or open_reward(reward)
        clients[role] = open_client(settings_of(reward), pipeline, model)
    return OpenModels(clients, all_prompts(pipeline))


def model_roles(pipeline: Pipeline) -> dict[str, ModelSettings]:
    judge = {"judge": pipeline.judge} if pipeline.judge else {}
    grading = {GRADING: pipeline.grade.model} if pipeline.grade else {}
    return {"model": pipeline.model, **judge, **pipeline.models, **grading}


def endpoint_roles(pipeline: Pipeline) -> dict[str, ModelSettings]:
    """Every model that is asked anything, served reward models too."""
    rewards = reward_endpoints(pipeline)
    return model_roles(pipeline) | {role: settings_of(each) for role, each in rewards.items()}


def all_prompts(pipeline: Pipeline) -> dict[str, PromptSet]:
    """The prompt set of every role that solves, with the pipeline's overrides."""
    roles = {role: found for role, found in model_roles(pipeline).items() if role != GRADING}
    overrides = pipeline.prompts.overrides
    before = [load_prompt_set(_set_name(settings)) for settings in roles.values() if overrides]
    if unknown := unknown_overrides(overrides, before):
        raise ConfigurationError("\n".join(f"prompts.overrides: {line}" for line in unknown))
    return {role: _prompts(settings, pipeline) for role, settings in roles.items()}


def _prompts(settings: ModelSettings, pipeline: Pipeline) -> PromptSet:
    own = pipeline.prompts
    chosen = load_prompt_set(_set_name(settings), {"prompts": own.overrides, "styles": own.styles})
    examples = tuple((example.question, example.reply) for example in own.examples)
    return replace(chosen, system=own.system or "", examples=examples)


def _set_name(settings: ModelSettings) -> str:
    return settings.prompts or backend_of(settings).prompts


def open_client(
    settings: ModelSettings, pipeline: Pipeline, given: Model | None = None
) -> ModelClient:
    price, retries, backend = price_of(settings), settings.retries, backend_of(settings)
    return ModelClient(
        model=given
        or backend.open(settings, seed=pipeline.seed, streamed=streams_calls(settings, pipeline)),
        sampling=Sampling(settings.temperature, settings.top_p, settings.max_tokens),
        price=Price(price.input, price.cached_input, price.output),
        slots=Slots(backend.concurrency(settings), settings.min_concurrency),
        requests_per_minute=PerMinute(settings.requests_per_minute),
        tokens_per_minute=PerMinute(settings.tokens_per_minute),
        retries=RetryPolicy(retries.attempts, retries.first, retries.longest, retries.deadline),
        circuit=Circuit(patience=retries.patience, longest=retries.longest),
    )


def streams_calls(settings: ModelSettings, pipeline: Pipeline) -> bool:
    """Whether calls are worth streaming: some may be cancelled, their first token is waited for,
    or they take so long that a gateway cuts off what stays silent (many do after a minute)."""
    if settings.stream != "auto":
        return settings.stream
    stages = [*pipeline.stages, *(pipeline.cascade.stages if pipeline.cascade else ())]
    cuts = any(stage.cut for stage in stages)
    cancels = cuts or pipeline.stop.lookahead > 0 or pipeline.budget.seconds is not None
    waits = "first_token" in settings.timeout.model_fields_set
    return cancels or waits or settings.max_tokens > SHORT_REPLY


def own_roles(pipeline: Pipeline) -> frozenset[str]:
    """Roles of the models that are no endpoint but run in the process that solves."""
    roles = endpoint_roles(pipeline)
    return frozenset(
        role for role in roles if role != GRADING and public_address(roles[role]) is None
    )


def public_address(settings: ModelSettings) -> str | None:
    """The endpoint's address without a user, password or query, fit to be written down."""
    address = backend_of(settings).address(settings)
    return None if address is None else redaction.public_address(address)
