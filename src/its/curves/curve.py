"""Accuracy against what it costs, for many strategies and budgets, from recorded samples."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from its.allocation import STOP_RULES
from its.allocation.batch import BatchPolicy
from its.allocation.stopping import AdaptiveConsistency, StoppingRule, UnanimousWindow
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import (
    Replay,
    replay_batch,
    replay_best_of_n,
    replay_confidence,
    replay_short,
    replay_stop,
    replay_vote,
    replay_weighted_vote,
)
from its.estimators import bootstrap_interval, pass_at_k


@dataclass(frozen=True, slots=True)
class Way:
    """A way to spend n samples. `replay` spends those of one record (None where it takes all
    records together); `needs` is what every sample must have been recorded with."""

    replay: Callable[[SampleRecord, int], Replay] | None = None
    needs: Literal["", "score", "token count"] = ""


def _ended_by(rule: StoppingRule) -> Way:
    return Way(lambda record, n: replay_stop(record, rule, n))


WAYS: Mapping[str, Way] = {
    "vote": Way(replay_vote),
    "adaptive": _ended_by(AdaptiveConsistency(maximum=sys.maxsize)),
    "windows": _ended_by(UnanimousWindow(maximum=sys.maxsize)),
    "short": Way(replay_short, "token count"),
    "batch": Way(),
    "weighted_vote": Way(replay_weighted_vote, "score"),
    "confidence": Way(replay_confidence, "score"),
    "best_of_n": Way(replay_best_of_n, "score"),
    "oracle": Way(),
}
"""What a curve shows where nothing else is asked for, by name."""


def way_of(name: str) -> Way | None:
    """One of `WAYS`, or a vote ended by the stopping rule of this name; None for neither."""
    if name in WAYS:
        return WAYS[name]
    return _ended_by(STOP_RULES[name]()) if name in STOP_RULES else None


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; None where unknown."""

    input: float | None = None
    output: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One strategy at one budget. All costs are means a problem, None where unknown.

    `n` is the budget asked for, `calls` what was drawn of it; `low` and `high` bound the accuracy
    at 95 % (bootstrapped over problems); `tokens` includes prompts, one for every call;
    `sequential_tokens` are completion tokens that had to follow one another, the longest of each
    round: a measure of waiting.
    """

    strategy: str
    n: int
    accuracy: float
    low: float
    high: float
    calls: float
    completion_tokens: float | None
    tokens: float | None
    sequential_tokens: float | None
    usd: float | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compute_curve(
    records: Sequence[SampleRecord],
    strategies: Iterable[str],
    *,
    sizes: Sequence[int] | None = None,
    orders: int = 20,
    prices: Prices | None = None,
    seed: int = 0,
) -> list[Point]:
    """A point for each strategy and size, averaged over `orders` random orders of the samples.

    `vote` at n = 1 is the mean of single samples. A size above a problem's number of samples
    takes all it has. The oracle is pass@k, unbiased: the ceiling of any selection.
    """
    sizes = sizes or default_sizes(records)
    prices = prices or Prices()
    drawn = shuffles(records, orders, seed)
    return [
        point
        for strategy in strategies
        for point in (
            _ceiling(records, sizes, prices)
            if strategy == "oracle"
            else _points(strategy, drawn, sizes, prices)
        )
    ]


def default_sizes(records: Sequence[SampleRecord]) -> list[int]:
    """1, 2, 4, ... and the most samples that any problem has."""
    most = max(len(record) for record in records)
    return [*(1 << i for i in range(most.bit_length()) if 1 << i < most), most]


def _points(
    strategy: str, drawn: Sequence[Sequence[SampleRecord]], sizes: Sequence[int], prices: Prices
) -> list[Point]:
    by_size: list[list[list[Replay]]]
    if strategy == "batch":
        budgets = [n * len(drawn[0]) for n in sizes]
        by_order = [replay_batch(records, BatchPolicy(), budgets) for records in drawn]
        by_size = [[of_order[i] for of_order in by_order] for i in range(len(sizes))]
    else:
        way = way_of(strategy)
        if way is None or way.replay is None:
            raise ValueError(f"no replay of {strategy!r}")
        replay = way.replay
        by_size = [[[replay(r, n) for r in records] for records in drawn] for n in sizes]
    return [
        _point(strategy, n, drawn, replays, prices)
        for n, replays in zip(sizes, by_size, strict=True)
    ]


def _point(
    strategy: str,
    n: int,
    drawn: Sequence[Sequence[SampleRecord]],
    replays: Sequence[Sequence[Replay]],
    prices: Prices,
) -> Point:
    problems = range(len(drawn[0]))
    right = [_mean([order[i].correct for order in replays]) for i in problems]
    low, high = bootstrap_interval(right)
    pairs = [
        (record, replay)
        for records, order in zip(drawn, replays, strict=True)
        for record, replay in zip(records, order, strict=True)
    ]
    return Point(
        strategy,
        n,
        _mean(right),
        low,
        high,
        _mean([replay.samples for _, replay in pairs]),
        _known_mean([_completion_tokens(*pair) for pair in pairs]),
        _known_mean([_all_tokens(*pair) for pair in pairs]),
        _known_mean([_sequential_tokens(*pair) for pair in pairs]),
        _known_mean([_money(*pair, prices) for pair in pairs]),
    )


def _ceiling(records: Sequence[SampleRecord], sizes: Sequence[int], prices: Prices) -> list[Point]:
    points = []
    for n in sizes:
        right = [
            pass_at_k(len(record), sum(record.correct), min(n, len(record))) if len(record) else 0.0
            for record in records
        ]
        cost = _point("oracle", n, [records], [[replay_vote(r, n) for r in records]], prices)
        low, high = bootstrap_interval(right)
        points.append(
            Point(
                "oracle",
                n,
                _mean(right),
                low,
                high,
                cost.calls,
                cost.completion_tokens,
                cost.tokens,
                cost.sequential_tokens,
                cost.usd,
            )
        )
    return points


def _completion_tokens(record: SampleRecord, replay: Replay) -> float | None:
    if replay.completion_tokens is not None:
        return replay.completion_tokens
    return _known_sum(record.tokens[: replay.samples])


def _all_tokens(record: SampleRecord, replay: Replay) -> float | None:
    completion = _completion_tokens(record, replay)
    if completion is None or record.prompt_tokens is None:
        return None
    return completion + record.prompt_tokens * replay.samples


def _sequential_tokens(record: SampleRecord, replay: Replay) -> float | None:
    if replay.sequential_tokens is not None:
        return replay.sequential_tokens
    total, start = 0, 0
    for size in replay.rounds:
        known = [count for count in record.tokens[start : start + size] if count is not None]
        if len(known) < size:
            return None
        total += max(known, default=0)
        start += size
    return total


def _money(record: SampleRecord, replay: Replay, prices: Prices) -> float | None:
    completion = _completion_tokens(record, replay)
    if completion is None or prices.output is None or prices.input is None:
        return None
    if record.prompt_tokens is None:
        return None
    prompt = record.prompt_tokens * replay.samples
    return (prompt * prices.input + completion * prices.output) / 1_000_000


def _known_sum(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _known_mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _mean(known) if known and len(known) == len(values) else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
