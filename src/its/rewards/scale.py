"""Between the scale of a prompt and [0, 1]."""

from __future__ import annotations


def on_unit(value: float, low: float, high: float) -> float:
    """Where a value of [low, high] stands in [0, 1]."""
    return (value - low) / (high - low)
