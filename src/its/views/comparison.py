"""Two runs compared, as a person reads it on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from its.analysis.comparison import Cost, RunComparison
from its.views import figures
from its.views.excerpt import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

LISTED = 8
"""Ids that a line names."""


def comparison_lines(
    comparison: RunComparison, first: str, second: str, *, boxed: bool
) -> Iterator[RenderableType]:
    """The verdict, the table of accuracy and cost, and which problems made the difference."""
    from rich.text import Text

    yield Text(f"\n{second} against {first}", "bold")
    yield Text(verdict(comparison, first, second))
    yield ""
    yield _table(comparison, first, second, boxed)
    yield ""
    yield Text(_alone(first, comparison.first_only))
    yield Text(_alone(second, comparison.second_only))
    yield from (Text(note, "dim") for note in _notes(comparison))


def verdict(comparison: RunComparison, first: str, second: str) -> str:
    """One sentence: which is better, by how much, and how sure that is."""
    difference, low, high = comparison.difference, comparison.low, comparison.high
    if difference is None or low is None or high is None or comparison.p_value is None:
        shared = figures.plural(comparison.problems, "problem")
        return f"They share {shared}, none of them graded in both."
    if low > 0 or high < 0:
        better = f"{second if difference > 0 else first} is better"
    else:
        better = "The interval holds 0: these problems do not show which is better"
    several = comparison.p_adjusted != comparison.p_value and comparison.p_adjusted is not None
    adjusted = f", {comparison.p_adjusted:.3g} adjusted" if several else ""
    return (
        f"{better}: {points(difference)} points [{points(low)}, {points(high)}] on "
        f"{figures.plural(comparison.graded, 'problem')}, p = {comparison.p_value:.3g}{adjusted} "
        "(McNemar, exact)."
    )


def points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _table(comparison: RunComparison, first: str, second: str, boxed: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        "",
        box=box.SIMPLE_HEAD if boxed else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1 if boxed else 2, 0, 0),
        header_style="dim",
    )
    for name in (first, second, "ratio"):
        table.add_column(one_line(name), justify="right")
    shares = (comparison.first, comparison.second)
    shown = [f"{s.right:,} of {s.total:,}  {figures.percent(s.right, s.total)}" for s in shares]
    table.add_row("right", *shown, "")
    for name, of, write in _COSTS:
        a, b = of(comparison.first_cost), of(comparison.second_cost)
        table.add_row(name, write(a), write(b), figures.ratio(b, a))
    return table


_COSTS: tuple[tuple[str, Callable[[Cost], float | None], Callable[[float | None], str]], ...] = (
    ("calls", lambda cost: cost.usage.calls, figures.count),
    ("completions", lambda cost: cost.usage.completions, figures.count),
    ("tokens", lambda cost: cost.usage.tokens, figures.count),
    ("money", lambda cost: cost.usage.usd, figures.money),
    ("seconds", lambda cost: cost.seconds, figures.plain_seconds),
)


def _alone(name: str, ids: tuple[str, ...]) -> str:
    some = ", ".join(one_line(id_) for id_ in ids[:LISTED]) + (", …" if len(ids) > LISTED else "")
    return f"{len(ids):,} right in {name} alone{': ' + some if ids else ''}"


def _notes(comparison: RunComparison) -> list[str]:
    notes = [
        f"Both right on {comparison.both_right:,}, both wrong on {comparison.both_wrong:,}."
        + (
            ""
            if comparison.agreement is None
            else f" Same answer on {figures.percent(comparison.agreement, 1)} of the problems."
        )
    ]
    if sum(comparison.unpaired):
        a, b = comparison.unpaired
        notes.append(f"In one run alone, and not compared: {a:,} and {b:,} problems.")
    if comparison.differing:
        notes.append(
            f"Not compared: {figures.plural(comparison.differing, 'id')} whose question differs."
        )
    return notes
