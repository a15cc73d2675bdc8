from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Capabilities

Open = Callable[..., OpenAIModel]


@pytest.fixture
async def open_model() -> AsyncIterator[Open]:
    """Opens models at an address, and closes them after the test."""
    models: list[OpenAIModel] = []

    def open_at(url: str, **settings: Any) -> OpenAIModel:
        given: dict[str, Any] = {"name": "loopback", "capabilities": Capabilities(), **settings}
        models.append(OpenAIModel(OpenAISettings(base_url=url, **given)))
        return models[-1]

    yield open_at
    for model in models:
        await model.close()
