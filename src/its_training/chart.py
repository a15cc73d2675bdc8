"""A line chart as SVG: accuracy against compute on a logarithmic axis. No plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT = 760, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 56
_COLOURS = ("#1b6ca8", "#c0392b", "#1e8449", "#8e44ad", "#d68910", "#566573")


@dataclass(frozen=True)
class Point:
    """A measurement: compute, accuracy, and the accuracy's interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Points under one name; `line` joins them."""

    name: str
    points: tuple[Point, ...]
    line: bool = True


def chart(title: str, x_name: str, y_name: str, curves: Sequence[Curve], level: float) -> str:
    """SVG text. `level` is drawn as a dashed line across (the accuracy to be reached)."""
    points = [p for c in curves for p in c.points]
    x_low = min(p.x for p in points) / 1.2
    x_high = max(p.x for p in points) * 1.2
    y_low = math.floor(min(p.low for p in points) * 20) / 20
    y_high = min(1.0, math.ceil(max(p.high for p in points) * 20) / 20)

    def across(x: float) -> float:
        share = math.log(x / x_low) / math.log(x_high / x_low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def up(y: float) -> float:
        return _HEIGHT - _BOTTOM - (y - y_low) / (y_high - y_low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        _text(_WIDTH / 2, 20, title, "middle", 14),
        _text(_WIDTH / 2, _HEIGHT - 14, x_name, "middle"),
        f'<g transform="rotate(-90 16 {_HEIGHT / 2})">'
        + _text(16, _HEIGHT / 2, y_name, "middle")
        + "</g>",
    ]
    for x in _ticks(x_low, x_high):
        parts.append(_line(across(x), up(y_low), across(x), up(y_high), "#e5e7e9"))
        parts.append(_text(across(x), _HEIGHT - _BOTTOM + 18, f"{x:g}", "middle"))
    steps = round((y_high - y_low) * 20)
    for i in range(steps + 1):
        y = y_low + i / 20
        parts.append(_line(_LEFT, up(y), _WIDTH - _RIGHT, up(y), "#e5e7e9"))
        parts.append(_text(_LEFT - 6, up(y) + 4, f"{y:.2f}", "end"))
    parts.append(_line(_LEFT, up(level), _WIDTH - _RIGHT, up(level), "#566573", "5 4"))
    for i, curve in enumerate(curves):
        colour = _COLOURS[i % len(_COLOURS)]
        spots = [(across(p.x), up(p.y)) for p in curve.points]
        if curve.line and len(spots) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
        for p, (x, y) in zip(curve.points, spots, strict=True):
            parts.append(_line(x, up(p.low), x, up(p.high), colour))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>')
        label = _HEIGHT - _BOTTOM - 14 - 17 * (len(curves) - 1 - i)
        parts.append(f'<circle cx="{_WIDTH - 250}" cy="{label - 4}" r="4" fill="{colour}"/>')
        parts.append(_text(_WIDTH - 240, label, curve.name, "start"))
    return "\n".join([*parts, "</svg>\n"])


def _ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        step * 10.0**decade
        for decade in decades
        for step in (1, 2, 5)
        if low <= step * 10.0**decade <= high
    ]


def _text(x: float, y: float, text: str, anchor: str, size: int = 12) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="#212f3d">{escaped}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'
    )
