"""`its rebuild`: the journal of a run, rebuilt from its rows and traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from its.cli import options


def rebuild(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    quiet: options.Quiet = False,
) -> int:
    """Rebuild the journal of a run from its rows and traces. No model is called."""
    import asyncio

    from its.runs.rebuild import rebuild as rebuild_run
    from its.views.messages import Messages

    rebuilt = asyncio.run(rebuild_run(run))
    messages = Messages(quiet)
    messages.say(
        f"{run}: the journal holds {rebuilt.rows:,} rows; the old files are in {rebuilt.old}."
    )
    if rebuilt.lost:
        messages.say(
            f"{rebuilt.lost:,} rows had no events: the next `its solve` answers them again."
        )
    return 0
