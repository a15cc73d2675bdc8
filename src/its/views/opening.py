"""What is said before anything is spent: what was read, and what is there already."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from its.problems.fields import Mapping

MAPPINGS = 3
"""Different ways of reading a line that are told apart."""


def mapping_line(mappings: Counter[Mapping]) -> str:
    """Which field was read as what; with the number of lines where not all were read alike."""
    if len(mappings) == 1:
        return f"Read {next(iter(mappings))}."
    told = [f"{mapping} ({number:,} lines)" for mapping, number in mappings.most_common(MAPPINGS)]
    more = "" if len(mappings) <= MAPPINGS else f"; and {len(mappings) - MAPPINGS} other ways"
    return f"Read {'; '.join(told)}{more}."


def resume_line(directory: Path, rows: int, total: int | None) -> str:
    """How much of a run is there already."""
    of = f" of {total:,}" if total is not None and rows <= total else ""
    return f"Resuming {directory}: {rows:,}{of} rows are there."


def nothing_to_do_line(directory: Path, rows: int) -> str:
    return f"Nothing to do: all {rows:,} rows are in {directory} (--fresh starts over)."
