"""`its merge`: the runs of all shards as one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from its.cli import options


def merge(
    runs: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="The run directories of the shards.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="The merged run; if not given, the one that `its solve` without --shard takes up.",
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Merge what there is of missing or killed shards.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Merge the runs of `its solve --shard` into one. No model is called.

    The shards stay as they are, and merging again makes the same run.
    """
    import asyncio

    from its.runs.merge import merge_runs
    from its.views.merging import merged_lines
    from its.views.messages import Messages

    merged = asyncio.run(merge_runs(runs, output, partial=partial))
    messages = Messages(quiet)
    for line in merged_lines(merged):
        messages.say(line)
    return 0
