"""What cannot work, found before the first paid call: all faults at once, each with its fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from its.allocation.amounts import parse_amount
from its.allocation.cutting import CuttingRule
from its.errors import ConfigurationError, SandboxUnavailable
from its.models.known import price_of
from its.models.protocol import Capabilities
from its.parts import Need
from its.pipeline.abilities import incapable, small_context
from its.pipeline.clients import GRADING, endpoint_roles, model_roles
from its.pipeline.uses import Fault, Path_, place_of, stages_of
from its.rewards.protocol import Reward
from its.strategies.protocol import Strategy

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline, RewardBase, StageBase


def preflight(
    pipeline: Pipeline, capabilities: Mapping[str, Capabilities] | None = None
) -> list[Fault]:
    """Every fault of the pipeline; with what each model can do, by role, also what these models
    cannot do."""
    faults = [*_unknown_models(pipeline), *_shared_stages(pipeline)]
    if faults:
        return faults
    faults += [
        *_stages_without_reward(pipeline),
        *_selection_without_scores(pipeline),
        *_cuts(pipeline),
        *_unpriced(pipeline),
        *_batch_budget(pipeline),
        *_sandbox(pipeline),
    ]
    if capabilities is not None:
        faults += [*incapable(pipeline, capabilities), *small_context(pipeline, capabilities)]
    return list(dict.fromkeys(faults))  # models that share a stage may share a fault


def require(pipeline: Pipeline, capabilities: Mapping[str, Capabilities]) -> None:
    """Raises ConfigurationError with every fault, a line each."""
    faults = preflight(pipeline, capabilities)
    if faults:
        raise ConfigurationError(
            "\n".join(f"{'.'.join(map(str, fault.path))}: {fault.sentence}" for fault in faults)
        )


def _unknown_models(pipeline: Pipeline) -> Iterator[Fault]:
    known = ", ".join(pipeline.models) or "none"
    named: list[tuple[Path_, str]] = [
        (("stages", i, "model"), s.model) for i, s in enumerate(pipeline.stages) if s.model
    ]
    named += [
        (("stages", i, "models"), name)
        for i, stage in enumerate(pipeline.stages)
        for name in stage.shares()
        if name != "model"
    ]
    if pipeline.cascade:
        named += [(("cascade", "models", i), m) for i, m in enumerate(pipeline.cascade.models)]
        own = enumerate(pipeline.cascade.stages)
        named += [(("cascade", "stages", i, "model"), s.model) for i, s in own if s.model]
    for path, name in named:
        if name not in pipeline.models:
            yield Fault(path, f"no model {name!r} in `models`, which has {known}; add it there")


def _shared_stages(pipeline: Pipeline) -> Iterator[Fault]:
    """What cannot be where several models share a stage."""
    own = pipeline.cascade.stages if pipeline.cascade else ()
    for number, stage in enumerate(own):
        if stage.models:
            path: Path_ = ("cascade", "stages", number, "models")
            yield Fault(path, "the cascade says which model runs its stages: leave `models` out")
    for number, stage in enumerate(pipeline.stages):
        if not stage.models:
            continue
        path, strategy = ("stages", number, "models"), stage.build()
        if len(stage.shares()) < len(stage.models):
            yield Fault(path, "names a model twice: give its larger share as `{NAME: 2}`")
        if stage.model is not None:
            yield Fault(path, "the stage has `model` and `models`: leave one of them out")
        if strategy.models is None:
            from its.strategies import STRATEGIES

            able = ", ".join(name for name, part in STRATEGIES.items() if part.models is not None)
            fix = f"use `model`, or one of {able}"
            yield Fault(path, f"strategy {strategy.name} takes one model: {fix}")
        if strategy.models == "choice" and isinstance(stage.models, dict):
            yield Fault(
                path, f"strategy {strategy.name} chooses models by their scores: list them plainly"
            )


def _reward(pipeline: Pipeline, stage: StageBase) -> Reward | None:
    """What scores inside a stage."""
    settings = stage.reward or pipeline.select.reward
    return settings.build() if settings else None


def _stages_without_reward(pipeline: Pipeline) -> Iterator[Fault]:
    for use, stage in stages_of(pipeline):
        strategy, reward = stage.build(), _reward(pipeline, stage)
        needed = strategy.needed() & {Need.REWARD, Need.PROCESS_REWARD}
        if needed and reward is None:
            yield Fault(
                use.path,
                f"strategy {strategy.name} needs {min(needed)}: set `select.reward` or the "
                "stage's `reward`, such as self_evaluation",
            )
        elif Need.PROCESS_REWARD in needed and reward and not reward.scores_prefixes:
            yield Fault(
                use.path,
                f"strategy {strategy.name} scores unfinished solutions, and reward {reward.name} "
                "scores whole ones only: set the stage's `reward`, such as steps",
            )


def _selection_without_scores(pipeline: Pipeline) -> Iterator[Fault]:
    select = pipeline.select
    selector = select.build()
    scored = select.reward or any(stage.reward for _, stage in stages_of(pipeline))
    if Need.REWARD in selector.needed() and not scored:
        yield Fault(
            ("select",),
            f"{selector.name} needs a reward: set `select.reward`, such as self_evaluation, or "
            "choose by `vote`",
        )
    reward = select.reward.build() if select.reward else None
    if reward is None or not reward.reads_probabilities:
        return
    for use, stage in stages_of(pipeline):
        strategy = stage.build()
        if not strategy.gives_probabilities():
            yield Fault(use.path, _no_probabilities(strategy, reward))


def _no_probabilities(strategy: Strategy, reward: Reward) -> str:
    fix = (
        "set the stage's `logprobs: true` (`logprobs: 20` for deepconf)"
        if hasattr(strategy, "logprobs")
        else "choose another reward, or the strategy self_consistency with `logprobs: true`"
    )
    return (
        f"reward {reward.name} reads the token probabilities of the samples, and strategy "
        f"{strategy.name} does not ask for them: {fix}"
    )


def _cuts(pipeline: Pipeline) -> Iterator[Fault]:
    """Only independent samples can be cut, and only by what can be seen of them."""
    for use, stage in stages_of(pipeline):
        strategy, path = stage.build(), (*use.path, "cut")
        for rule in (settings.build() for settings in stage.cut):
            if not strategy.independent:
                yield Fault(
                    path,
                    f"cut stops independent samples, and {strategy.name} draws none: leave it out, "
                    "or take self_consistency",
                )
            elif rule.compares and pipeline.budget.batch is not None:
                yield Fault(
                    path,
                    f"{rule.name} compares samples that budget.batch draws one after the other: "
                    "leave one of the two out",
                )
            elif rule.compares and stage.models:
                yield Fault(
                    path,
                    f"{rule.name} compares the samples of one model: leave it out, or `models`",
                )
            elif rule.reads_alternatives and isinstance(getattr(strategy, "logprobs", False), bool):
                yield Fault(path, _no_alternatives(strategy, rule))


def _no_alternatives(strategy: Strategy, rule: CuttingRule) -> str:
    offers = hasattr(strategy, "logprobs")
    return f"{rule.name} reads the probabilities of likely alternatives: " + (
        "set the stage's `logprobs: 20`"
        if offers
        else f"take self_consistency with `logprobs: 20`, since {strategy.name} asks for none"
    )


def _unpriced(pipeline: Pipeline) -> Iterator[Fault]:
    """Money can be capped only where every call has a price."""
    capped = "budget.usd" if pipeline.budget.usd is not None else None
    batch = pipeline.budget.batch
    if batch is not None and parse_amount(batch).unit == "usd":
        capped = capped or "budget.batch"
    if capped is None:
        return
    for role, settings in endpoint_roles(pipeline).items():
        price, place = price_of(settings), place_of(role)
        if role == GRADING:
            continue  # no budget holds what grading costs
        if (price.input is None or price.output is None) and (
            role != "judge" or asks_judge(pipeline)
        ):
            keys = f"{place}.price.input and {place}.price.output"
            if role not in model_roles(pipeline):
                keys = "its reward's `price`"
            yield Fault(
                tuple(capped.split(".")),
                f"{capped} needs the price of {settings.name}: set {keys} (0 where it costs "
                "nothing)",
            )


def asks_judge(pipeline: Pipeline) -> bool:
    """Whether anything may call the judge: a reward, the selection, a check, a critique."""
    strategies = [stage.build() for _, stage in stages_of(pipeline)]
    plain = all(
        strategy.independent or strategy.most_completions(0) == 1 for strategy in strategies
    )
    rewards = [pipeline.select.reward, *(stage.reward for _, stage in stages_of(pipeline))]
    chooses = pipeline.select.build().completions(3) > 0
    return any(rewards) or chooses or pipeline.verify is not None or not plain


def _batch_budget(pipeline: Pipeline) -> Iterator[Fault]:
    """One budget for the batch divides independent samples, and nothing else."""
    if pipeline.budget.batch is None:
        return
    if len(pipeline.stages) > 1 or not pipeline.stages[0].build().independent:
        from its.strategies import STRATEGIES

        names = ", ".join(name for name, part in STRATEGIES.items() if part.independent)
        yield Fault(
            ("budget", "batch"),
            f"budget.batch divides independent samples: it needs one stage, one of {names}; the "
            "presets self_consistency and best_of_n have one",
        )
    if pipeline.difficulty.build().completions():
        yield Fault(
            ("budget", "batch"),
            "budget.batch finds the difficulty itself: set difficulty to fixed",
        )


def _sandbox(pipeline: Pipeline) -> Iterator[Fault]:
    used: list[tuple[Path_, RewardBase | None]] = [(("select", "reward"), pipeline.select.reward)]
    used += [((*use.path, "reward"), stage.reward) for use, stage in stages_of(pipeline)]
    for path, settings in used:
        if settings is None or Need.SANDBOX not in settings.build().needed():
            continue
        from its.verifiers.sandbox import available_interpreter

        try:
            available_interpreter()
        except SandboxUnavailable as error:
            yield Fault(path, str(error))
