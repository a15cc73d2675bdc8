"""`its compare`: whether one pipeline is better than another, by how much, and for what cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from its.analysis.comparison import RunComparison


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="The run to compare with.")],
    others: Annotated[list[Path], typer.Argument(metavar="B...", help="Runs of the same input.")],
    stdout: Annotated[
        bool, typer.Option("--stdout", help="JSON lines on standard output, even in a terminal.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No text for people.")] = False,
) -> None:
    """Compare runs, paired on the problems that they share; each other run against the first."""
    from its.report.comparing import compare_runs
    from its.report.reading import read_run_data
    from its.views.comparison import comparison_lines
    from its.views.messages import Messages

    base = read_run_data(first)
    rest = [read_run_data(path) for path in others]
    compared = compare_runs(base, rest)
    messages = Messages(quiet)
    for run, comparison in zip(rest, compared, strict=True):
        for part in comparison_lines(
            comparison, base.name, run.name, boxed=messages.console.is_terminal
        ):
            messages.show(part)
    if stdout or not sys.stdout.isatty():
        _print_lines(str(first), [str(path) for path in others], compared)


def _print_lines(first: str, others: list[str], compared: list[RunComparison]) -> None:
    import orjson

    from its.report.page_data import comparison_fields
    from its.terminal import write_data

    for name, comparison in zip(others, compared, strict=True):
        fields = {"first_run": first, "second_run": name} | comparison_fields(comparison)
        write_data(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))
