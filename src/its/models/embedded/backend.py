"""Opens the models that travel in the package: `embedded`, `embedded:large-solver`, ..."""

from __future__ import annotations

from dataclasses import dataclass

from its.models.backend import Defaults, ModelBackend, Setting
from its.models.protocol import Model
from its.models.settings import ModelSettings
from its.problems.problem import Question

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class EmbeddedBackend(ModelBackend):
    """The models in the package: they do arithmetic, need no endpoint, and run on the CPU."""

    name = EMBEDDED
    preset = "embedded"
    prompts = "embedded"

    def opens(self, settings: ModelSettings) -> bool:
        named = settings.name.startswith(f"{EMBEDDED}:") and settings.base_url is None
        return settings.name == EMBEDDED or named

    def open(self, settings: ModelSettings, *, seed: int, streamed: bool) -> Model:
        from its.models.embedded import open_embedded

        return open_embedded(settings.name)

    def context(self, settings: ModelSettings) -> int:
        from its.models.embedded import weights_of

        return weights_of(settings.name).shape.max_position_embeddings

    def refusal(self, question: Question) -> str | None:
        from its.models.embedded.scope import ONLY_ARITHMETIC, is_arithmetic

        return None if is_arithmetic(question) else ONLY_ARITHMETIC

    def defaults(self, rewards: frozenset[str]) -> Defaults:
        """A short context, and for rewards a judge beside the solver: the verifier where texts are
        only read, the judge where critiques are written."""
        context: dict[str, Setting] = {"temperature": 0.7, "max_tokens": 768}
        judge = "small-verifier" if "likelihood" in rewards else "small-judge"
        return Defaults(context, {"name": f"{EMBEDDED}:{judge}", **context, "temperature": 0.0})
