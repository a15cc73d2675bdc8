"""What `its parts` shows on a terminal: a table per kind of part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from its.pipeline.catalogue import Description

if TYPE_CHECKING:
    from rich.table import Table


def tables(parts: Sequence[Description]) -> Iterator[Table]:
    from rich.table import Table

    for kind, members in groupby(parts, key=lambda part: part.kind):
        table = Table(title=f"{kind} parts", title_justify="left", expand=True)
        table.add_column(kind, no_wrap=True)
        table.add_column("needs", ratio=1)
        table.add_column("completions", no_wrap=True)
        table.add_column("what it does", ratio=3)
        table.add_column("from", no_wrap=True)
        for part in members:
            table.add_row(part.name, ", ".join(part.needs), _range(part), part.summary, part.origin)
        yield table


def _range(part: Description) -> str:
    """The completions that a strategy uses with its defaults."""
    if part.completions is None:
        return ""
    least, most = part.completions
    return (
        f"{least} and more" if most is None else str(most) if least == most else f"{least}–{most}"
    )
