"""Runs on Ray: workers in other processes and on other machines, one run directory, one journal.

`its.ray.Solve` is a pipeline as one stage of a Ray Data job. For a session there are the workers of
`its.ray.workers`. Ray itself (the extra `ray`) is imported once something runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from its.ray.stage import Solve

__all__ = ["Solve"]


def __getattr__(name: str) -> object:
    if name != "Solve":
        raise AttributeError(f"module 'its.ray' has no attribute {name!r}")
    from its.ray.stage import Solve

    return Solve
