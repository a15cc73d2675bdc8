"""Whether a pipeline can be answered by a provider's batch, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator

from its.errors import ConfigurationError
from its.models.known import batch_price_of
from its.pipeline.config import Pipeline
from its.pipeline.preflight import asks_judge


def for_batch(pipeline: Pipeline) -> Pipeline:
    """The pipeline at a batch's price. Raises ConfigurationError, with the fix, where it asks for
    more than samples that do not depend on each other."""
    model = pipeline.model
    own = model.name.partition(":")[0] in ("embedded", "recorded") or model.file is not None
    if own or model.api != "chat":
        raise ConfigurationError("a batch needs a hosted chat model: name it with --model")
    if why := next(_dependences(pipeline), None):
        raise ConfigurationError(
            f"a batch answers only samples that do not depend on each other, and {why}; the "
            "presets self_consistency and greedy have nothing else"
        )
    priced = model.model_copy(update={"price": batch_price_of(model)})
    return pipeline.model_copy(update={"model": priced})


def _dependences(pipeline: Pipeline) -> Iterator[str]:
    if pipeline.models or pipeline.judge or pipeline.cascade:
        yield "other models take part: leave judge, models and cascade out"
    if pipeline.difficulty.build().completions():
        yield "the difficulty is asked for first: set difficulty to fixed"
    for stage in pipeline.stages:
        strategy = stage.build()
        if not (strategy.independent or strategy.most_completions(0) == 1):
            yield f"{strategy.name} builds on earlier replies: take another strategy"
    if pipeline.stop.build().name != "none":
        yield "a stopping rule waits for earlier ones: set stop.rule=none"
    if any(stage.cut for stage in pipeline.stages):
        yield "cut watches them while they are written: leave it out of the stages"
    if pipeline.budget.batch is not None or pipeline.budget.seconds is not None:
        yield "budget.batch and budget.seconds watch how the run goes: leave them out"
    if asks_judge(pipeline):
        yield "a reward, a check or the selection asks about them: set select.method=vote"
