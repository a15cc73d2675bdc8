"""Opening the run directory that belongs to a pipeline and an input."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from its.errors import RunDirectoryError
from its.pipeline.clients import all_prompts
from its.redaction import redact
from its.runs.directory import RunDirectory, default_path, open_run
from its.runs.fingerprint import fingerprint, identity_of

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.problems.sharding import Shard


def open_directory(
    pipeline: Pipeline,
    source: str,
    output: Path | None,
    *,
    fresh: bool,
    baseline: bool = False,
    command: str | None = None,
    shard: Shard | None = None,
) -> RunDirectory:
    """Find or create the directory by the fingerprint of all that can change a result.

    `command` tells runs of another command apart. The shards of a run have its fingerprint, and a
    directory each. Raises RunDirectoryError.
    """
    identity = identity_of(pipeline, all_prompts(pipeline), baseline=baseline)
    if command is not None:
        identity["command"] = command
    mark = fingerprint(identity)
    path = output or default_path(source, mark, shard)
    directory = open_run(path, identity, mark, fresh)
    if directory.resumed:
        _refuse_other_shard(directory, shard)
    directory.describe(
        source=source,
        seed=pipeline.seed,
        configuration=redact(pipeline.model_dump(mode="json")),
        started=round(time.time(), 3),
        **({} if shard is None else {"shard": str(shard)}),
    )
    return directory


def _refuse_other_shard(directory: RunDirectory, shard: Shard | None) -> None:
    held, asked = directory.description.get("shard"), None if shard is None else str(shard)
    if held == asked:
        return
    directory.close()
    holds = "a run of all problems" if held is None else f"shard {held}"
    fix = "leave --shard out" if held is None else f"use --shard {held}"
    raise RunDirectoryError(
        f"{directory.path} holds {holds}; {fix}, or choose another directory with --output"
    )
