"""Where the parts of a pipeline stand in it, and on which model each runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from its.pipeline.clients import GRADING

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline, StageBase

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot work: the key of the pipeline that it is about, and the sentence with the fix."""

    path: Path_
    sentence: str


@dataclass(frozen=True, slots=True)
class Use:
    """A part as a pipeline uses it: where it stands, and the role of the model it runs on."""

    path: Path_
    role: str


def stages_of(pipeline: Pipeline) -> Iterator[tuple[Use, StageBase]]:
    """Every stage with the role of the model that it runs on (once for each of several), those of
    the cascade too."""
    for number, stage in enumerate(pipeline.stages):
        for role in stage.shares() or (stage.model or "model",):
            yield Use(("stages", number), role), stage
    cascade = pipeline.cascade
    for role in cascade.models if cascade else ():
        own = cascade.stages if cascade else ()
        for number, stage in enumerate(own or pipeline.stages):
            path: Path_ = ("cascade", "stages", number) if own else ("stages", number)
            yield Use(path, role), stage


def place_of(role: str) -> str:
    """Where the settings of a role stand in the pipeline file."""
    if role == GRADING:
        return "grade.model"
    return role if role in ("model", "judge") else f"models.{role}"
