"""Workers as people see them: how many there are, and what each has done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from its.runs.workers import WorkerShare
from its.views import figures

NAMED = 16
"""Workers that are shown one by one."""


def workers_in_words(shares: Sequence[WorkerShare]) -> str:
    """`3 workers, 1 lost`"""
    lost = sum(share.state == "lost" for share in shares)
    there = figures.plural(len(shares) - lost, "worker")
    return f"{there}, {lost:,} lost" if lost else there


def share_lines(shares: Sequence[WorkerShare]) -> Iterator[str]:
    """What each worker has done, those that were lost included."""
    for share in shares[:NAMED]:
        done = f"{figures.plural(share.problems, 'problem')}, {figures.plural(share.calls, 'call')}"
        now = f", {share.in_flight:,} in flight" if share.in_flight else ""
        lost = ", lost" if share.state == "lost" else ""
        yield f"worker {share.number} on {share.place}: {done}{now}{lost}"
    if len(shares) > NAMED:
        yield f"and {len(shares) - NAMED:,} more"
