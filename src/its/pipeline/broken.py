"""What an unexpected exception inside one problem becomes: that problem's failed row."""

from __future__ import annotations

import time
import traceback
from pathlib import Path

from its.pipeline.solution import Solution
from its.pipeline.solving import Solved
from its.problems.problem import BadLine, Problem
from its.redaction import redact_message
from its.usage import Usage

_PACKAGE = Path(__file__).parents[1]
_LONGEST = 300


class BrokenElsewhere(Exception):
    """An unexpected exception in another process, as that one said it (`internal_error`)."""


def broken(row: Problem | BadLine, error: Exception, usage: Usage) -> Solved:
    """The failed row, with the place in the code and what the problem had cost."""
    reason = internal_error(error)
    event = {"seq": 0, "time": round(time.time(), 3), "event": "failure", "error": reason}
    solution = Solution(row.id, row.index, "failed", error=reason, usage=usage)
    return Solved(solution, (event,))


def internal_error(error: Exception) -> str:
    """`internal error: KeyError: 'x' (its/rewards/verdicts.py line 12)`, secrets redacted."""
    if isinstance(error, BrokenElsewhere):
        return str(error)
    said = f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode()[:_LONGEST]
    return redact_message(f"internal error: {said} ({_place(error)}); please report it")


def _place(error: Exception) -> str:
    """The innermost line of this package that the exception passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    frame = (own or frames)[-1]
    path = Path(frame.filename)
    shown = path.relative_to(_PACKAGE.parent) if own else path.name
    return f"{shown} line {frame.lineno}"
