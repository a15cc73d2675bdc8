"""Whether a text has begun to repeat itself."""

from __future__ import annotations

import math

STRIDE = 64
"""Characters after which a growing text is looked at again."""
WINDOW = 4096
"""Characters at its end that are looked at: longer repetitions are not found."""
MARK = 24
"""Characters by which the beginning of a repetition is looked for."""
MOST_PERIODS = 64
"""Periods that are tried in one look."""


def loop_at_the_end(text: str, repeats: int, least: int) -> int | None:
    """The period of the loop that a text ends in: so many characters come `repeats` times in a row
    or more often, and over `least` characters or more. None where there is none."""
    mark, at = text[-MARK:], len(text) - MARK
    for _ in range(MOST_PERIODS):
        at = text.rfind(mark, 0, at + MARK - 1) if at > 0 else -1
        if at < 0:
            return None
        period = len(text) - MARK - at
        span = period * max(repeats, math.ceil(least / period))
        if span > len(text):
            if period * repeats > len(text):
                return None
            continue
        if text[-span + period :] == text[-span:-period]:
            return period
    return None
