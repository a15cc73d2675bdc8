"""`its report`: a run as one HTML file, or several runs and how they compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_SIZE = 12
MEGABYTE = 1_000_000


def report(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run directories; several are compared."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE.html", help="Where to write; else RUN/report.html."
        ),
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the file in a browser.")] = False,
    size: Annotated[
        int,
        typer.Option(
            "--size",
            min=0,
            metavar="MB",
            help="Megabytes of texts at most; beyond, those of the surest problems are left out.",
        ),
    ] = DEFAULT_SIZE,
    problems: Annotated[
        str | None,
        typer.Option(
            "--problems", metavar="FILE", help="The problems with references, if moved since."
        ),
    ] = None,
) -> None:
    """One self-contained HTML file about a run. It needs no network and no server."""
    from its.report.writing import write_report
    from its.views.messages import Messages

    path = output or runs[0] / "report.html"
    written = write_report(runs, path, size=size * MEGABYTE, problems=problems)
    messages = Messages()
    messages.say(f"Wrote {path} ({written.size / MEGABYTE:.1f} MB).")
    if written.left_out:
        messages.say(
            f"The texts of the {written.left_out:,} surest of {written.problems:,} problems are "
            "left out; --size makes room."
        )
    if open_:
        _open(path)


def _open(path: Path) -> None:
    import webbrowser

    webbrowser.open(path.resolve().as_uri())
