"""A solver put together from a pipeline and its open models: here, or in a worker's process."""

from __future__ import annotations

import resource
from functools import partial
from typing import TYPE_CHECKING

from its.allocation.shared_budget import BatchBudget
from its.answers import Comparer, Equivalence
from its.calls.context import CallContext
from its.grading.grader import Flag
from its.models.recorded.model import RecordedModel
from its.pipeline.clients import OpenModels
from its.pipeline.plan import Plan, build_plan, no_refusal, refusal_of
from its.pipeline.solving import Solver

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

_OTHER_FILES = 256


def open_comparer(pipeline: Pipeline) -> Comparer:
    """What compares answers as the pipeline says; not yet entered."""
    rules = Equivalence(units=pipeline.answers.units, percent=pipeline.answers.percent)
    return Comparer(rules, symbolic=pipeline.answers.symbolic)


def plan_of(pipeline: Pipeline, models: OpenModels, *, given: bool = False) -> Plan:
    """The plan; `given` says that the caller brought the model."""
    refusal = no_refusal if given else partial(refusal_of, pipeline)
    return build_plan(pipeline, models.clients, models.prompts, refusal)


def assemble(
    plan: Plan,
    models: OpenModels,
    context: CallContext,
    comparer: Comparer,
    *,
    baseline: bool,
    shared: BatchBudget | None = None,
) -> Solver:
    flag = _recorded_flags(models)
    return Solver(plan, context, comparer, baseline, shared=shared, flag=flag)


def allow_open_files(calls: int) -> None:
    """Every call in flight holds a socket: take as many as the system's hard limit gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = calls + _OTHER_FILES
    if soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def _recorded_flags(models: OpenModels) -> Flag | None:
    """The verdicts that a pool holds of its samples, where one answers in place of a model."""
    model = models.clients["model"].model
    if not isinstance(model, RecordedModel):
        return None
    return lambda question, text: model.verdict(question.text, text)
