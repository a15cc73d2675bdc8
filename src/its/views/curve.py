"""What `its curve` shows: a table, a plot for the terminal, and an SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Literal, Protocol

from its.curves.curve import Point
from its.curves.records import SampleRecord
from its.models.recorded import Pool

if TYPE_CHECKING:
    from rich.console import Console

Axis = Literal["calls", "tokens", "sequential_tokens", "usd", "cost"]
AXIS_NAMES: dict[Axis, str] = {
    "calls": "completions per problem",
    "tokens": "tokens per problem",
    "sequential_tokens": "tokens in sequence a problem",
    "usd": "USD a problem",
    "cost": "cost a problem",
}
_MARKS = "●▲■◆✚○△□"
_COLOURS = ("#1b6ca8", "#d1495b", "#3c887e", "#edae49", "#6a4c93", "#8d99ae", "#5f4b32", "#222222")


class Plotted(Protocol):
    """A point of some curve; its costs are attributes named as the axes."""

    @property
    def strategy(self) -> str: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def print_table(points: Sequence[Point], console: Console) -> None:
    """A row a point; unknown costs are dashes."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    columns = ("strategy", "n", "accuracy", "95 %", "calls", "tokens", "output", "in sequence")
    for name in (*columns, "USD"):
        justify: Literal["left", "right"] = "left" if name == "strategy" else "right"
        table.add_column(name, justify=justify, no_wrap=True)
    for point in points:
        table.add_row(
            point.strategy,
            str(point.n),
            f"{point.accuracy:.3f}",
            f"{point.low:.3f}–{point.high:.3f}",
            f"{point.calls:.2f}",
            _figure(point.tokens, ".0f"),
            _figure(point.completion_tokens, ".0f"),
            _figure(point.sequential_tokens, ".0f"),
            _figure(point.usd, ".3g"),
        )
    console.print(table)


def plot(points: Sequence[Plotted], axis: Axis = "calls", width: int = 64, height: int = 16) -> str:
    """The curves in characters; the x axis is logarithmic. Empty where the axis is unknown."""
    placed = _placed(points, axis)
    if not placed:
        return ""
    frame = _Frame(placed)
    rows = [[" "] * width for _ in range(height)]
    names = list(dict.fromkeys(point.strategy for point, _ in placed))
    for point, x in reversed(placed):
        column = round(frame.across(x) * (width - 1))
        row = round((1 - frame.up(point.accuracy)) * (height - 1))
        rows[row][column] = _MARKS[names.index(point.strategy) % len(_MARKS)]
    lines = [
        f"{frame.accuracy_at(1 - i / (height - 1)):5.3f} │{''.join(r)}" for i, r in enumerate(rows)
    ]
    left, right = f"{frame.left:.3g}", f"{frame.right:.3g}"
    lines.append(" " * 6 + "└" + "─" * width)
    lines.append(
        " " * 7 + left + f"{AXIS_NAMES[axis]} (log)".center(width - len(left) - len(right)) + right
    )
    legend = "   ".join(f"{_MARKS[i % len(_MARKS)]} {name}" for i, name in enumerate(names))
    return "\n".join([*lines, " " * 7 + legend])


def svg(points: Sequence[Plotted], axis: Axis = "calls", title: str = "") -> str:
    """The curves as a picture of its own, with bands of 95 % confidence."""
    placed = _placed(points, axis)
    width, height, left, top, right, bottom = 760, 440, 64, 40, 150, 56
    body: list[str] = []
    if placed:
        frame = _Frame(placed)

        def at(x: float, y: float) -> tuple[float, float]:
            return (
                left + frame.across(x) * (width - left - right),
                height - bottom - frame.up(y) * (height - top - bottom),
            )

        body += _grid(frame, at, left, width - right, height - bottom, axis)
        for i, name in enumerate(dict.fromkeys(point.strategy for point, _ in placed)):
            body += _series([p for p in placed if p[0].strategy == name], at, _COLOURS[i % 8])
            y = top + 18 * i
            x = width - right + 14
            body.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{_COLOURS[i % 8]}"/>')
            body.append(f'<text x="{x + 10}" y="{y + 4}">{escape(name)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{left}" y="22" font-size="15">{escape(title)}</text>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def notes(pool: Pool, records: Sequence[SampleRecord]) -> list[str]:
    """What a reader must know before believing the curves."""
    fewest, most = min(map(len, records)), max(map(len, records))
    said = [f"{len(records)} problems, {most} samples each; the oracle is pass@n, the ceiling."]
    if fewest < most:
        said[0] = (
            f"{len(records)} problems of {fewest} to {most} samples: a size above what a problem "
            "has takes all of them."
        )
    left_out = len(pool.problems) - len(records)
    if left_out:
        said.append(f"{left_out} problems without a verdict on any sample are left out.")
    if pool.biased:
        said.append(f"Biased: {pool.biased}. Take these figures for what they are.")
    return said


class _Frame:
    """The range shown: x logarithmic, accuracy linear with a little air."""

    def __init__(self, placed: Sequence[tuple[Plotted, float]]) -> None:
        xs = [x for _, x in placed]
        ys = [point.accuracy for point, _ in placed]
        self.left, self.right = min(xs), max(xs)
        air = 0.05 * (max(ys) - min(ys)) or 0.05
        self.low, self.high = max(0.0, min(ys) - air), min(1.0, max(ys) + air)

    def across(self, x: float) -> float:
        span = math.log(self.right / self.left)
        return math.log(x / self.left) / span if span else 0.5

    def up(self, accuracy: float) -> float:
        return min(1.0, max(0.0, (accuracy - self.low) / (self.high - self.low)))

    def accuracy_at(self, up: float) -> float:
        return self.low + up * (self.high - self.low)


def _placed(points: Sequence[Plotted], axis: Axis) -> list[tuple[Plotted, float]]:
    """Points with their place on the axis, which a logarithm needs to be above zero."""
    found = []
    for point in points:
        x: float | None = getattr(point, axis)
        if x is not None and x > 0:
            found.append((point, x))
    return found


def _grid(
    frame: _Frame, at: _At, left: float, right: float, bottom: float, axis: Axis
) -> list[str]:
    lines = []
    for step in range(6):
        accuracy = frame.accuracy_at(step / 5)
        y = at(frame.left, accuracy)[1]
        lines.append(f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        lines.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{accuracy:.3f}</text>'
        )
    ticks = 5
    for step in range(ticks + 1):
        value = frame.left * (frame.right / frame.left) ** (step / ticks)
        x = at(value, frame.low)[0]
        lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value:.3g}</text>')
    middle = (left + right) / 2
    lines.append(
        f'<text x="{middle}" y="{bottom + 40}" text-anchor="middle">{AXIS_NAMES[axis]} (log)</text>'
    )
    lines.append(
        f'<text x="14" y="{bottom / 2 + 20}" transform="rotate(-90 14 {bottom / 2 + 20})" '
        'text-anchor="middle">accuracy</text>'
    )
    return lines


def _series(placed: Sequence[tuple[Plotted, float]], at: _At, colour: str) -> list[str]:
    upper = [at(x, point.high) for point, x in placed]
    lower = [at(x, point.low) for point, x in reversed(placed)]
    line = [at(x, point.accuracy) for point, x in placed]
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in line]
    return [
        f'<polygon points="{_path([*upper, *lower])}" fill="{colour}" opacity="0.08"/>',
        f'<polyline points="{_path(line)}" fill="none" stroke="{colour}" stroke-width="1.6"/>',
        *dots,
    ]


def _path(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _figure(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


class _At(Protocol):
    def __call__(self, x: float, y: float) -> tuple[float, float]: ...
