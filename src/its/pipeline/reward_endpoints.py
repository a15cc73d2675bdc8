"""The served reward models that a pipeline asks: where they are, and opening them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from its.errors import ConfigurationError
from its.models.protocol import Model
from its.rewards.endpoint import EndpointReward

if TYPE_CHECKING:
    from its.models.settings import ModelSettings
    from its.pipeline.config import Pipeline, RewardBase


def reward_endpoints(pipeline: Pipeline) -> dict[str, EndpointReward]:
    """The rewards behind an endpoint by the role of their model. Raises ConfigurationError where
    two of one name are to be asked in different ways."""
    found: dict[str, EndpointReward] = {}
    for settings in _rewards(pipeline):
        reward = settings.build()
        if not isinstance(reward, EndpointReward):
            continue
        other = found.setdefault(reward.role, reward)
        if other.connection != reward.connection:
            raise ConfigurationError(
                f"two rewards ask {reward.model!r} in different ways: give them the same settings "
                "(`aggregation` and `most_steps` may differ)"
            )
    return found


def settings_of(reward: EndpointReward) -> ModelSettings:
    """Its endpoint as a model of the run: address, key, limits, price."""
    from its.models.settings import ModelSettings, PriceSettings, TimeoutSettings

    price = PriceSettings(input=reward.price, output=None if reward.price is None else 0.0)
    return ModelSettings(
        name=reward.model,
        base_url=reward.base_url,
        api_key_env=reward.api_key_env,
        key_header=reward.key_header,
        headers=reward.headers,
        extra_body=reward.extra_body,
        concurrency=reward.concurrency,
        requests_per_minute=reward.requests_per_minute,
        price=price,
        timeout=TimeoutSettings(total=reward.timeout),
        max_tokens=1,
    )


def open_reward(reward: EndpointReward) -> Model:
    """Its model, of which nothing is asked yet. Raises ConfigurationError."""
    from its.models.openai.backend import spoken_to
    from its.rewards.served.model import ServedReward, root_of

    spoken = spoken_to(settings_of(reward), root_of(reward.base_url), streamed=False)
    return ServedReward(replace(spoken, path=reward.adapter.path), reward.adapter, reward.form)


def _rewards(pipeline: Pipeline) -> Iterator[RewardBase]:
    stages = [*pipeline.stages, *(pipeline.cascade.stages if pipeline.cascade else ())]
    for settings in (pipeline.select.reward, *(stage.reward for stage in stages)):
        if settings is not None:
            yield settings
