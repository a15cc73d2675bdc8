"""The schema of a pipeline file: every key, its type, its default and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from its.allocation import DIFFICULTIES, STOP_RULES
from its.allocation.amounts import parse_amount
from its.errors import ConfigurationError
from its.models.settings import ModelSettings, Positive, PositiveFloat, Section
from its.pipeline.components import PartSettings, part_settings
from its.rewards import REWARDS
from its.selection import SELECTORS
from its.strategies import NEED_REWARD, STRATEGIES

INDEPENDENT_SAMPLES = ("attempts", "self_consistency", "best_of_n")
"""Strategies whose samples do not depend on each other."""


class BudgetSettings(Section):
    """The hard cap on one problem; whichever limit is hit first."""

    unit: Literal["completions"] = Field("completions", description="What difficulty buys.")
    per_difficulty: Positive = Field(10, description="Completions for each point of difficulty.")
    max: Positive = Field(100, description="Most completions of one problem.")
    tokens: Positive | None = Field(None, description="Most tokens, prompts included.")
    usd: PositiveFloat | None = Field(None, description="Most money; needs a price.")
    seconds: PositiveFloat | None = Field(None, description="Most time.")
    batch: Annotated[str | None, Field(coerce_numbers_to_str=True)] = Field(
        None,
        description="One budget for the whole batch, spent where it "
        "gains most: `400` completions, `2Mtok`, `5usd`.",
    )

    @field_validator("batch")
    @classmethod
    def _readable(cls, batch: str | None) -> str | None:
        if batch is not None:
            try:
                parse_amount(batch)
            except ConfigurationError as error:
                raise ValueError(str(error)) from None
        return batch


class RewardBase(PartSettings):
    method: str


if TYPE_CHECKING:
    RewardSettings = RewardBase
else:
    RewardSettings = part_settings(REWARDS, "method", RewardBase)


class StageBase(PartSettings):
    """What every stage may say, whatever its strategy."""

    strategy: str
    from_budget: Annotated[int, Field(ge=0)] = Field(
        0, description="Runs when the planned budget reaches this many completions."
    )
    name: str | None = Field(None, description="Its name in traces and bills.")
    model: str | None = Field(None, description="One of `models`; the pipeline's model if not set.")
    reward: RewardSettings | None = Field(
        None, description="What scores inside the stage; the selection's reward if not set."
    )


class SelectBase(PartSettings):
    """What every selection may say, whatever its method."""

    method: str
    reward: RewardSettings | None = Field(None, description="What scores the candidates.")


class StopBase(PartSettings):
    """What every stopping rule may say."""

    rule: str
    lookahead: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Samples beyond those surely needed that may be in flight: faster, and "
        "cancelled (and charged for what they produced) when the rule decides.",
    )


class DifficultyBase(PartSettings):
    method: str


if TYPE_CHECKING:
    StageSettings = StageBase
    SelectSettings = SelectBase
    StopSettings = StopBase
    DifficultySettings = DifficultyBase
else:
    StageSettings = part_settings(STRATEGIES, "strategy", StageBase)
    SelectSettings = part_settings(SELECTORS, "method", SelectBase)
    StopSettings = part_settings(STOP_RULES, "rule", StopBase)
    DifficultySettings = part_settings(DIFFICULTIES, "method", DifficultyBase)


class VerifySettings(Section):
    """A check of the chosen answer; a failed one sends what is left to the next candidate."""

    attempts: Positive = Field(3, description="Most answers checked.")


class AnswerSettings(Section):
    """How answers are read and compared."""

    kind: Literal["auto", "number", "expression", "choice", "code", "text"] = "auto"
    units: Literal["ignore", "keep"] = Field(
        "ignore", description="Whether 12 cm is the same as 12."
    )
    percent: Literal["ignore", "value", "keep"] = Field(
        "ignore", description="50% is 50 (ignore), 0.5 (value), or only 50% (keep)."
    )
    symbolic: bool = Field(True, description="Compare expressions with math-verify if installed.")


class PromptSettings(Section):
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Single prompts by name: a text, or a list of turns."
    )
    styles: dict[str, str] = Field(default_factory=dict, description="Single styles by name.")


class CascadeSettings(Section):
    """Several models in order of size: a problem goes up while its confidence stays low."""

    models: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        ..., description="Names in `models`, smaller to larger, after the pipeline's model."
    )
    threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Confidence from which an answer stays where it is."
    )
    stages: tuple[StageSettings, ...] = Field(
        (), description="What the larger models try; the pipeline's own stages if not set."
    )


class Pipeline(Section):
    """One pipeline: which model, how hard a problem is taken to be, what is tried, what wins."""

    model: ModelSettings = Field(default_factory=ModelSettings)
    judge: ModelSettings | None = Field(
        None, description="Another model for rewards; the same model if not set."
    )
    models: dict[str, ModelSettings] = Field(
        default_factory=dict, description="More models, by the name that stages use."
    )
    difficulty: DifficultySettings = Field(
        default="fixed",
        validate_default=True,
        description="How hard a problem is taken to be, 1 to 10.",
    )
    budget: BudgetSettings = Field(default_factory=BudgetSettings)
    stages: Annotated[tuple[StageSettings, ...], Field(min_length=1)] = Field(
        ..., description="What is tried, in order."
    )
    stop: StopSettings = Field(
        default="none",
        validate_default=True,
        description="When more samples stop paying.",
    )
    select: SelectSettings = Field(
        default="vote", validate_default=True, description="Which candidate wins."
    )
    verify: VerifySettings | None = None
    cascade: CascadeSettings | None = None
    answers: AnswerSettings = Field(default_factory=AnswerSettings)
    prompts: PromptSettings = Field(default_factory=PromptSettings)
    seed: int = Field(0, description="Makes runs repeatable.")

    @field_validator("models")
    @classmethod
    def _plain_names(cls, models: dict[str, ModelSettings]) -> dict[str, ModelSettings]:
        if "model" in models or "judge" in models:
            raise ValueError("`model` and `judge` are taken; name it otherwise")
        return models

    @model_validator(mode="after")
    def _consistent(self) -> Pipeline:
        wanted = [stage.model for stage in self.stages if stage.model]
        if self.cascade:
            wanted += self.cascade.models
        for name in wanted:
            if name not in self.models:
                raise ValueError(f"no model {name!r} in `models`")
        for stage in self.stages:
            if stage.strategy in NEED_REWARD and not (stage.reward or self.select.reward):
                raise ValueError(
                    f"strategy {stage.strategy} needs a reward: set select.reward or the stage's"
                )
        if self.budget.batch is not None:
            self._check_batch_budget()
        if self.budget.usd is not None and not (
            self.model.price.input is not None and self.model.price.output is not None
        ):
            raise ValueError("budget.usd needs model.price.input and model.price.output")
        return self

    def _check_batch_budget(self) -> None:
        """One budget for the batch divides independent samples, and nothing else."""
        strategies = [stage.strategy for stage in self.stages]
        if len(strategies) > 1 or strategies[0] not in INDEPENDENT_SAMPLES:
            raise ValueError(
                "budget.batch divides independent samples: it needs one stage, "
                f"{', '.join(INDEPENDENT_SAMPLES)}; the presets self_consistency and best_of_n have"
            )
        if self.difficulty.method not in ("fixed", "length"):
            raise ValueError("budget.batch finds difficulty out itself: set difficulty to fixed")
