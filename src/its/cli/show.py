"""`its show`: the rows of a run, filtered and grouped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run directory.")],
    wrong: Annotated[bool, typer.Option("--wrong", help="Only wrong answers.")] = False,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Only answers below .8 confidence, least sure first.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only problems that failed or were not answered.")
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="Groups: by subject, difficulty, strategy, …"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Only the first N rows.")
    ] = None,
) -> None:
    """Show the rows of a run: a table with pages on a terminal, JSON lines in a pipe."""
    import orjson

    from its.runs.rows import chosen, read_rows, require_field
    from its.views.messages import open_console
    from its.views.rows import groups, groups_table, rows_table

    if by is not None:
        require_field(run, by)
    rows = chosen(read_rows(run), wrong=wrong, unsure=unsure, failed=failed, most=limit)
    terminal = sys.stdout.isatty()
    if not terminal:
        for found in groups(rows, by) if by else rows:
            print(orjson.dumps(found).decode())
        return
    console = open_console(stderr=False)
    kept = list(rows)
    if not kept:
        console.print("No row matches.")
        return
    table = (
        groups_table(groups(kept, by), by, console.width) if by else rows_table(kept, console.width)
    )
    if len(kept) + 1 > console.height and not by:
        with console.pager(styles=_pager_takes_colours()):
            console.print(table)
    else:
        console.print(table)


def _pager_takes_colours() -> bool:
    """`less` shows colours where it is told to (done here unless the user tells it otherwise), as
    their codes where not; of another pager nothing is known."""
    pager = os.environ.get("MANPAGER") or os.environ.get("PAGER") or "less"
    options = os.environ.setdefault("LESS", "-FRX")
    return Path(pager.split()[0]).name == "less" and "R" in pager + options
