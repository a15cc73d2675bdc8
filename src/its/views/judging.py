"""What judging came to: accuracy by samples for recorded scores, and a batch's figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from its.runs.run import RunResult
from its.views.summary import bill_table, next_steps, outcome, reasons

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table


def replayed(figures: Mapping[str, Any]) -> Table:
    """Accuracy after k samples, and with adaptive stopping in the last row."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("samples", "strict", "ties even"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in figures["by_k"]:
        table.add_row(str(row["k"]), _share(row["strict"]), _share(row["ties_even"]))
    adaptive = figures["adaptive"]
    if adaptive["mean_k"] is not None:
        spent = f"adaptive {adaptive['mean_k']:.2f}"
        table.add_row(spent, _share(adaptive["strict"]), _share(adaptive["ties_even"]))
    return table


def judged(
    figures: Mapping[str, Any], ended: RunResult, directory: Path, *, width: int
) -> Iterator[RenderableType]:
    """Parts to show one after the other when a batch has been judged."""
    from rich.text import Text

    yield Text(f"\n{outcome(ended.standing)}", "bold")
    for reason in reasons(ended.standing):
        yield Text(f"  {reason}", "red")
    if figures["labelled"]:
        yield Text(
            f"right of {figures['labelled']:,} labelled: {_share(figures['strict'])} strictly, "
            f"{_share(figures['ties_even'])} with ties credited evenly"
        )
    totals = ended.accounting.totals
    if totals.usage.calls:
        yield bill_table(ended.accounting.by_stage, totals, boxed=False, width=width)
    yield Text(f"Judgements, traces and accounts are in {directory}")
    yield from map(Text, next_steps(ended))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
