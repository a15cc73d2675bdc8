"""What is said of runs that became one."""

from __future__ import annotations

from collections.abc import Iterator

from its.runs.merge import Merged
from its.runs.shards import named
from its.views.figures import plural


def merged_lines(merged: Merged) -> Iterator[str]:
    """What is in the merged run, what is not, and how to go on."""
    statuses = [
        f"{merged.statuses[status]:,} {status}"
        for status in ("answered", "unanswered", "failed")
        if merged.statuses.get(status)
    ]
    yield (
        f"{plural(merged.shards, 'shard')} merged into {merged.path}: "
        f"{plural(merged.rows, 'problem')}: {', '.join(statuses) or 'none solved'}."
    )
    for shards, what in ((merged.missing, "missing"), (merged.unfinished, "not finished")):
        if shards:
            said = named(shards)
            yield f"{said[0].upper()}{said[1:]} {what}."
    if merged.without_row:
        yield f"{plural(merged.without_row, 'problem')} without a row."
    if merged.missing or merged.unfinished or merged.without_row or merged.statuses.get("failed"):
        yield (
            "Run the shards again and merge again, or go on from here: the command of the shards "
            f"without --shard and with -o {merged.path}."
        )
