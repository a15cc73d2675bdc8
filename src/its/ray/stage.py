"""`its.ray.Solve`: a pipeline as one stage of a Ray Data job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from its.errors import InputError, UsageError, WorkersLost
from its.pipeline.config import Pipeline
from its.pipeline.load import load_pipeline
from its.ray.keeper import Keeper, Kept
from its.ray.workers import check

_TRIES = 5
_COLUMNS = ("answer", "solution", "status", "confidence", "correct", "error")
_COUNTS = ("completions", "prompt_tokens", "completion_tokens", "usd")
NAMESPACE = "its"


class Solve:
    """Solves the rows of a batch: `dataset.map_batches(its.ray.Solve, ...)`.

    `pipeline`, `model` and `base_url` are as for `its.solve`. `run` is the run directory, at a path
    that every node sees: all copies of the stage share it, so that a row is bought once however
    often an actor restarts or a job is started again. `workers` is how many processes solve,
    with so many `cpus` and `gpus` each; 0 means one process, which asks endpoints for all copies.

    Rows come back with all their columns and with `its_answer`, `its_solution`, `its_status`,
    `its_confidence`, `its_correct`, `its_error`, `its_completions`, `its_prompt_tokens`,
    `its_completion_tokens` and `its_usd`. A row needs a question in one of the usual columns; one
    without an id is known by its content.

    Raises UsageError where the pipeline cannot run so.
    """

    def __init__(
        self,
        pipeline: Pipeline | str | None = None,
        *,
        run: str | Path,
        model: str | None = None,
        base_url: str | None = None,
        workers: int = 0,
        cpus: float = 1.0,
        gpus: float = 0.0,
    ) -> None:
        if pipeline is None or isinstance(pipeline, str):
            pipeline = load_pipeline(pipeline, model=model, base_url=base_url)
        check(pipeline)
        if pipeline.budget.batch is not None:
            raise UsageError(
                "one budget for the batch (budget.batch) looks at many problems at once, and a "
                "stage of Ray Data brings them a few at a time: bound each with budget instead"
            )
        data = pipeline.model_dump(mode="json", exclude_unset=True)
        self._kept = Kept(data, os.path.abspath(run), workers, cpus, gpus)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        rows = _rows(batch)
        lines = self._ask(rows) if rows else []
        return {**batch, **_columns([orjson.loads(line) for line in lines])}

    def _ask(self, rows: list[dict[str, Any]]) -> list[bytes]:
        from ray.exceptions import RayActorError

        import ray

        for _ in range(_TRIES):
            try:
                keeper = self._keeper()
                lines: list[bytes] = ray.get(keeper.solve.remote(rows))
                return lines
            except RayActorError:
                continue  # it was idle and has left, or was lost: the next one goes on
        raise WorkersLost(
            f"the process that holds {self._kept.run} was lost {_TRIES} times; Ray's logs say why"
        )

    def _keeper(self) -> Any:
        """The one that holds this run, wherever it is."""
        import ray

        name = f"its-{blake2b(self._kept.run.encode(), digest_size=8).hexdigest()}"
        actor = ray.remote(KeeperActor).options(
            name=name,
            namespace=NAMESPACE,
            get_if_exists=True,
            lifetime="detached",
            num_cpus=0,
            max_concurrency=1000,
        )
        return actor.remote(self._kept)


class KeeperActor:
    """A keeper as a Ray actor. It ends itself once nobody needs it."""

    def __init__(self, kept: Kept) -> None:
        self._keeper = Keeper(kept, _end_actor)

    async def solve(self, rows: list[dict[str, Any]]) -> list[bytes]:
        return await self._keeper.solve(rows)


def _end_actor() -> None:
    import ray

    ray.kill(ray.get_runtime_context().current_actor)


def _rows(batch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns of a batch as rows of plain values."""
    if not isinstance(batch, Mapping):
        raise InputError(
            'its.ray.Solve takes batches of columns: leave batch_format out, or set it to "numpy"'
        )
    names = list(batch)
    return [
        {name: _plain(value) for name, value in zip(names, values, strict=True)}
        for values in zip(*batch.values(), strict=True)
    ]


def _plain(value: Any) -> Any:
    """Without numpy's own types."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    values = {name: [row[name] for row in rows] for name in _COLUMNS}
    values |= {name: [row["usage"][name] for row in rows] for name in _COUNTS}
    return {f"its_{name}": _column(column) for name, column in values.items()}


def _column(values: list[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
