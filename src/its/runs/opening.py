"""Opening the run directory that belongs to a pipeline and an input."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from its.pipeline.clients import all_prompts
from its.redaction import redact
from its.runs.directory import RunDirectory, default_path, open_run
from its.runs.fingerprint import fingerprint, identity_of

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline


def open_directory(
    pipeline: Pipeline,
    source: str,
    output: Path | None,
    *,
    fresh: bool,
    baseline: bool = False,
    command: str | None = None,
) -> RunDirectory:
    """Find or create the directory by the fingerprint of all that can change a result.

    `command` tells runs of another command apart. Raises RunDirectoryError.
    """
    identity = identity_of(pipeline, all_prompts(pipeline), baseline=baseline)
    if command is not None:
        identity["command"] = command
    mark = fingerprint(identity)
    directory = open_run(output or default_path(source, mark), identity, mark, fresh)
    directory.describe(
        source=source,
        seed=pipeline.seed,
        configuration=redact(pipeline.model_dump(mode="json")),
        started=round(time.time(), 3),
    )
    return directory
