"""A pipeline with its parts built: what one problem is attempted with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from its.allocation.cutting import CuttingRule
from its.allocation.difficulty import DifficultyMethod
from its.allocation.stopping import StoppingRule
from its.calls.client import ModelClient
from its.models.backends import backend_of
from its.problems.problem import AnswerKind, Question
from its.prompts import PromptSet
from its.rewards.checks import CodeTests
from its.rewards.protocol import Reward
from its.selection.calibration import Calibration
from its.selection.protocol import Selector
from its.strategies.protocol import StageModel, Strategy

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline, StageBase


Refusal = Callable[[Question], str | None]
"""Says why the models cannot answer a question at all; None where they can try."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A strategy, from which planned budget it runs, on which model, what scores inside it, and
    what stops its samples. `models` is empty unless several share it; `client` and `prompts` are
    then the first one's."""

    name: str
    strategy: Strategy
    from_budget: int
    client: ModelClient
    prompts: PromptSet
    reward: Reward | None
    models: tuple[StageModel, ...] = ()
    cuts: tuple[CuttingRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """What a larger model of a cascade tries, and the confidence below which it is asked."""

    threshold: float
    model: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides how a problem is attempted; the same for all problems of a run."""

    client: ModelClient
    prompts: PromptSet
    judge: ModelClient
    judge_prompts: PromptSet
    difficulty: DifficultyMethod
    per_difficulty: int
    maximum: int
    tokens: int | None
    usd: float | None
    seconds: float | None
    stages: tuple[Stage, ...]
    stop: StoppingRule
    lookahead: int
    selector: Selector
    reward: Reward | None
    verify_attempts: int
    answer_kind: AnswerKind
    cascade: tuple[Level, ...]
    calibration: Calibration
    refusal: Refusal

    @property
    def oracle(self) -> bool:
        """Whether the rows' own tests choose between candidates."""
        return isinstance(self.reward, CodeTests) and self.reward.public_tests


def no_refusal(question: Question) -> str | None:
    """Every question is tried."""
    return None


def refusal_of(pipeline: Pipeline, question: Question) -> str | None:
    """Why none of a pipeline's models can answer this question; None where one can try."""
    named = {
        role: None
        for stage in pipeline.stages
        for role in stage.shares() or [stage.model or "model"]
    }
    above = pipeline.cascade.models if pipeline.cascade else ()
    models = {"model": pipeline.model, **pipeline.models}
    refusals = [backend_of(models[role]).refusal(question) for role in (*named, *above)]
    return refusals[0] if all(refusals) else None


def build_plan(
    pipeline: Pipeline,
    clients: Mapping[str, ModelClient],
    prompts: Mapping[str, PromptSet],
    refusal: Refusal = no_refusal,
) -> Plan:
    """Make the parts. `clients` and `prompts` go by model role: `model`, `judge`, and the names
    in `models`."""
    judge = "judge" if "judge" in clients else "model"
    select = pipeline.select
    reward = select.reward.build() if select.reward else None
    return Plan(
        client=clients["model"],
        prompts=prompts["model"],
        judge=clients[judge],
        judge_prompts=prompts[judge],
        difficulty=pipeline.difficulty.build(),
        per_difficulty=pipeline.budget.per_difficulty,
        maximum=pipeline.budget.max,
        tokens=pipeline.budget.tokens,
        usd=pipeline.budget.usd,
        seconds=pipeline.budget.seconds,
        stages=_stages(pipeline.stages, clients, prompts, reward),
        stop=pipeline.stop.build(),
        lookahead=pipeline.stop.lookahead,
        selector=select.build(),
        reward=reward,
        verify_attempts=pipeline.verify.attempts if pipeline.verify else 0,
        answer_kind=pipeline.answers.kind,
        cascade=_cascade(pipeline, clients, prompts, reward),
        calibration=Calibration(*(select.calibration or ())),
        refusal=refusal,
    )


def _cascade(
    pipeline: Pipeline,
    clients: Mapping[str, ModelClient],
    prompts: Mapping[str, PromptSet],
    reward: Reward | None,
) -> tuple[Level, ...]:
    cascade = pipeline.cascade
    if cascade is None:
        return ()
    settings = cascade.stages or pipeline.stages
    return tuple(
        Level(cascade.threshold, name, _stages(settings, clients, prompts, reward, name))
        for name in cascade.models
    )


def _stages(
    all_settings: Sequence[StageBase],
    clients: Mapping[str, ModelClient],
    prompts: Mapping[str, PromptSet],
    reward: Reward | None,
    level: str | None = None,
) -> tuple[Stage, ...]:
    """The stages; those of a cascade's `level` run on its model and bear its name."""
    stages: list[Stage] = []
    taken: dict[str, int] = {}
    for settings in all_settings:
        name = settings.name or settings.strategy
        if level is not None:
            name = f"{name}@{level}"
        taken[name] = taken.get(name, 0) + 1
        shares = {} if level else settings.shares()
        role = level or next(iter(shares), None) or settings.model or "model"
        stages.append(
            Stage(
                name=name if taken[name] == 1 else f"{name}-{taken[name]}",
                strategy=settings.build(),
                from_budget=settings.from_budget,
                client=clients[role],
                prompts=prompts[role],
                reward=settings.reward.build() if settings.reward else reward,
                models=tuple(
                    StageModel(model, prompts[model], share) for model, share in shares.items()
                ),
                cuts=tuple(rule.build() for rule in settings.cut),
            )
        )
    return tuple(stages)
