"""The schema of a pipeline file: every key, its type, its default and what it means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from its.allocation import CUTTING_RULES, DIFFICULTIES, STOP_RULES
from its.allocation.amounts import parse_amount
from its.allocation.cutting import CuttingRule
from its.allocation.difficulty import DifficultyMethod
from its.allocation.stopping import StoppingRule
from its.errors import ConfigurationError, InputError
from its.models.settings import ModelSettings, Positive, PositiveFloat, Section
from its.pipeline.components import OneOf, PartSettings
from its.problems.field_names import FieldNames
from its.problems.problem import AnswerKind
from its.rewards import REWARDS, Reward
from its.selection import SELECTORS, Selector
from its.strategies import STRATEGIES, Strategy


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

    def build(self) -> Reward:
        return self.built(Reward)


RewardSettings = Annotated[RewardBase, OneOf(REWARDS, "method")]


class CutBase(PartSettings):
    rule: str

    def build(self) -> CuttingRule:
        return self.built(CuttingRule)


CutSettings = Annotated[CutBase, OneOf(CUTTING_RULES, "rule")]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class StageBase(PartSettings):
    """What every stage may say, whatever its strategy."""

    strategy: str
    from_budget: Annotated[int, Field(ge=0)] = Field(
        0, description="Runs when the planned budget reaches this many completions."
    )
    name: str | None = Field(None, description="Its name in traces and accounts.")
    model: str | None = Field(None, description="One of `models`; the pipeline's model if not set.")
    models: tuple[str, ...] | dict[str, PositiveFloat] = Field(
        (),
        description="Several models that share the stage: a list takes them in turn, "
        "`{NAME: share}` by shares. Names in `models`; `model` is the pipeline's own.",
    )
    reward: RewardSettings | None = Field(
        None, description="What scores inside the stage; the selection's reward if not set."
    )
    cut: Annotated[tuple[CutSettings, ...], BeforeValidator(_listed)] = Field(
        (),
        description="What stops independent samples while they are written: a cutting rule, or a "
        "list of them.",
    )

    def shares(self) -> dict[str, float]:
        """The models that share the stage, by name; empty where it runs on one."""
        given = self.models
        return dict(given) if isinstance(given, dict) else dict.fromkeys(given, 1.0)

    def build(self) -> Strategy:
        return self.built(Strategy)


class SelectBase(PartSettings):
    """What every selection may say, whatever its method."""

    method: str
    reward: RewardSettings | None = Field(None, description="What scores the candidates.")
    calibration: tuple[float, Annotated[float, Field(gt=0)]] | None = Field(
        None,
        description="Offset and slope that turn the confidence into the chance to be right, on the "
        "scale of log-odds; `its tune` finds them where references exist.",
    )

    def build(self) -> Selector:
        return self.built(Selector)


class StopBase(PartSettings):
    """What every stopping rule may say."""

    rule: str
    lookahead: Annotated[int, Field(ge=0)] = Field(
        0,
        description="Samples beyond those surely needed that may be in flight: faster, and "
        "cancelled (and charged for what they produced) when the rule decides.",
    )

    def build(self) -> StoppingRule:
        return self.built(StoppingRule)


class DifficultyBase(PartSettings):
    method: str

    def build(self) -> DifficultyMethod:
        return self.built(DifficultyMethod)


StageSettings = Annotated[StageBase, OneOf(STRATEGIES, "strategy")]
SelectSettings = Annotated[SelectBase, OneOf(SELECTORS, "method")]
StopSettings = Annotated[StopBase, OneOf(STOP_RULES, "rule")]
DifficultySettings = Annotated[DifficultyBase, OneOf(DIFFICULTIES, "method")]


class VerifySettings(Section):
    """A check of the chosen answer; a failed one sends what is left to the next candidate."""

    attempts: Positive = Field(3, description="Most answers checked.")


class AnswerSettings(Section):
    """How answers are read and compared."""

    kind: AnswerKind = "auto"
    units: Literal["ignore", "keep"] = Field(
        "ignore", description="Whether 12 cm is the same as 12."
    )
    percent: Literal["ignore", "value", "keep"] = Field(
        "ignore", description="50% is 50 (ignore), 0.5 (value), or only 50% (keep)."
    )
    symbolic: bool = Field(True, description="Compare expressions with math-verify if installed.")


class GradeSettings(Section):
    """Grading by a model, once a problem is solved: no part of the pipeline sees its verdicts."""

    method: Literal["model"] = Field("model", description="Who grades.")
    model: ModelSettings = Field(
        ..., description="The grading model, with the keys of `model`. Its bill is its own."
    )
    rows: Literal["open", "all"] = Field(
        "open",
        description="`open`: rubrics, and references in words. `all`: every row with a reference; "
        "an exact grade then counts, and how far the model agrees with it is reported.",
    )


class ExampleSettings(Section):
    """A question with the reply that is wanted for it."""

    question: str = Field(..., description="As a problem would ask it.")
    reply: str = Field(..., description="The whole reply, reasoning included.")


class PromptSettings(Section):
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Single prompts by name: a text, or a list of turns."
    )
    styles: dict[str, str] = Field(default_factory=dict, description="Single styles by name.")
    system: str | None = Field(
        None, description="System turn of every conversation about a question."
    )
    examples: tuple[ExampleSettings, ...] = Field(
        (), description="Questions with their replies, shown before every sample."
    )


class InputSettings(Section):
    """How problem files are read; it says the same as `--map` and `--template`, which go first."""

    map: dict[str, str] = Field(
        default_factory=dict,
        description="Which field, or path inside of one, is the `question`, `context`, `choices`, "
        "`reference` or `id`.",
    )
    template: str | None = Field(
        None, description='The question from several fields: `"{passage}\\n\\n{question}"`.'
    )

    @model_validator(mode="after")
    def _readable(self) -> InputSettings:
        try:
            FieldNames.given(None, None, self.map, self.template)
        except InputError as error:
            raise ValueError(str(error)) from None
        return self


class CascadeSettings(Section):
    """Several models in order of size: a problem escalates while its confidence stays low."""

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
    grade: GradeSettings | None = Field(
        None, description="A model that grades what nothing exact can grade."
    )
    prompts: PromptSettings = Field(default_factory=PromptSettings)
    input: InputSettings = Field(default_factory=InputSettings)
    bare_rows: bool = Field(
        False, description="Leave question, reference and metadata out of `solutions.jsonl`."
    )
    seed: int = Field(0, description="Makes runs reproducible.")

    @field_validator("models")
    @classmethod
    def _plain_names(cls, models: dict[str, ModelSettings]) -> dict[str, ModelSettings]:
        if {"model", "judge", "grading"} & models.keys():
            raise ValueError("`model`, `judge` and `grading` are taken; name it otherwise")
        return models
