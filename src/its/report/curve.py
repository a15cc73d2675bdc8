"""The curve of a run's own samples, as `its curve` computes it, where the run allows one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from its.allocation.returns import History
from its.curves.curve import Point, Prices, compute_curve
from its.curves.records import SampleRecord
from its.curves.source import graded_records
from its.errors import InputError
from its.models.recorded import Pool, load_pool

STRATEGIES = ("vote", "adaptive", "oracle")
ORDERS = 20
MOST_DRAWS = 200_000
"""Samples times orders: with more samples fewer orders average as well, in the same time."""


@dataclass(frozen=True, slots=True)
class RunCurve:
    """`points` are those that `its curve RUN --orders ORDERS` gives; without any, `note` says
    why. `histories` are the run's graded independent samples, where there are any."""

    points: tuple[Point, ...] = ()
    orders: int = ORDERS
    note: str = ""
    histories: tuple[History, ...] = ()


def run_curve(path: Path, problems: str | None = None) -> RunCurve:
    """The curve of a run whose samples were drawn independently, and graded."""
    try:
        pool = load_pool(path, problems)
        records = _graded(pool)
    except InputError as error:
        return RunCurve(note=str(error))
    histories = tuple(History(record.classes, record.correct) for record in records)
    if pool.biased:
        note = f"Its samples are no fair draw: {pool.biased}. A run that draws alike has a curve."
        return RunCurve(note=note, histories=histories)
    if max(len(record) for record in records) < 2:
        return RunCurve(note="It drew one sample for each problem.", histories=histories)
    return _curve(pool, records, histories)


def _graded(pool: Pool) -> list[SampleRecord]:
    """In a thread of its own, since whoever asks (a notebook, say) may run an event loop."""

    def grade() -> list[SampleRecord]:
        return asyncio.run(graded_records(pool, allow_biased=True))

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(grade).result()


def _curve(pool: Pool, records: Sequence[SampleRecord], histories: tuple[History, ...]) -> RunCurve:
    samples = sum(map(len, records))
    orders = max(2, min(ORDERS, MOST_DRAWS // samples))
    points = compute_curve(
        records, STRATEGIES, orders=orders, prices=Prices(pool.input_price, pool.output_price)
    )
    return RunCurve(tuple(points), orders, histories=histories)
