"""What `its check` shows."""

from __future__ import annotations

from its.pipeline.config import Pipeline


async def print_check(pipeline: Pipeline) -> None:
    print(pipeline)
