"""The base of model backends: each opens the models of one kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from its.models.protocol import Model
from its.models.settings import ModelSettings
from its.parts import Part
from its.problems.problem import Question

Setting = str | int | float


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a pipeline takes where it says nothing itself: keys of `model` and, where rewards are
    best given by another model, of `judge`."""

    model: Mapping[str, Setting] = field(default_factory=dict)
    judge: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelBackend(Part, ABC):
    """Opens the models of one kind. `preset` is the pipeline that runs where none is named,
    `prompts` the prompt set that its models are asked with."""

    preset: ClassVar[str] = "adaptive"
    prompts: ClassVar[str] = "general"

    @abstractmethod
    def opens(self, settings: ModelSettings) -> bool:
        """Whether this is one of its models, by its name and address."""

    @abstractmethod
    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> Model:
        """The model, of which nothing is asked yet. `streamed` says whether calls are worth
        streaming. Raises ConfigurationError where it cannot be opened."""

    def concurrency(self, settings: ModelSettings) -> int:
        """Most calls in flight at once."""
        return settings.concurrency

    def address(self, settings: ModelSettings) -> str | None:
        """Where the endpoint is, None for a model in this process."""
        return None

    def refusal(self, question: Question) -> str | None:
        """Why its models cannot answer this question at all; None where they can try."""
        return None

    def context(self, settings: ModelSettings) -> int | None:
        """Tokens that a call can read and write in all, where that is known before any call."""
        return None

    def defaults(self, rewards: frozenset[str]) -> Defaults:
        """What suits its models; `rewards` are the names of those that the pipeline uses."""
        return Defaults()

    def identity(self, settings: ModelSettings) -> Mapping[str, str | None]:
        """Fields of a run's identity that tell its model apart better than its settings do."""
        return {}
