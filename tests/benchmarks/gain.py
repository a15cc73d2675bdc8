"""What inference-time compute brings on a real model, measured once and replayed by anyone.

`python -m tests.benchmarks.gain measure MODEL.gguf PROBLEMS -o POOLS` asks the model: GSM8K and
SVAMP rows 201-400 (`gsm8k-test.jsonl`, `svamp.jsonl`), HumanEval's odd numbers
(`humaneval.jsonl`), all in the folder PROBLEMS. It takes hours on a small machine, and resumes.
`python -m tests.benchmarks.gain [POOLS]` prints the table and draws it, without a model: the pools
hold answers, verdicts and token counts, no texts.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from its.allocation.batch import BatchPolicy
from its.allocation.stopping import DiminishingReturns
from its.curves.curve import Point
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import (
    Replay,
    replay_batch,
    replay_stop,
    replay_vote,
    replay_weighted_vote,
)
from its.curves.source import graded_records
from its.estimators import bootstrap_interval
from its.models.recorded import load_pool
from its.views.curve import svg
from tests.benchmarks.gain_pools import SAMPLES, SETS, measure

POOLS = Path(__file__).parents[2] / "samples" / "pools"
ORDERS = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: per problem, whether it is right (a share, over orders); means of the
    costs per problem, None where unknown."""

    name: str
    right: list[float]
    completions: float
    tokens: float | None
    flops: float | None
    seconds: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="?", default=str(POOLS), help="`measure`, or the pools")
    parser.add_argument("model", nargs="?")
    parser.add_argument("problems", nargs="?", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=POOLS)
    parser.add_argument("--sets", default=",".join(each.name for each in SETS))
    parser.add_argument("--samples", type=int, choices=(8, 16), default=16, help="per problem")
    parser.add_argument("--limit", type=int, help="only the first so many problems of each set")
    given = parser.parse_args()
    if given.what == "measure":
        for each in SETS:
            if each.name in given.sets.split(","):
                where = given.problems, given.output
                measure(each, given.model, *where, given.samples, given.limit)
        replay(given.output)
    else:
        replay(Path(given.what))


# --- the table ------------------------------------------------------------------------------------


def replay(pools: Path) -> None:
    """Print a table for each measured set, and draw it in a file beside."""
    if not (found := list(measured(pools))):
        raise SystemExit(
            f"nothing is measured in {pools}; see `python -m tests.benchmarks.gain -h`"
        )
    for title, name, lines in found:
        print(f"\n{title}\n", *table(lines), sep="\n")
        _draw(lines, pools / f"{name}.svg", title)


def measured(pools: Path) -> Iterator[tuple[str, str, list[Line]]]:
    """Title, name and lines of every set that is there."""
    for chosen in SETS:
        if not (pools / f"{chosen.name}.json").exists():
            continue
        kept = orjson.loads((pools / f"{chosen.name}.json").read_bytes())
        runs = {name: run for name, run in kept["runs"].items() if name not in SAMPLES}
        lines = [_of_run(name, run) for name, run in runs.items()]
        drawn = [run for name, run in kept["runs"].items() if name in SAMPLES]
        if drawn:
            lines += _of_samples(pools / f"{chosen.name}.jsonl.gz", lines[0], drawn)
        yield f"{chosen.title}, {len(lines[0].right)} problems", chosen.name, lines


def _of_run(name: str, run: Mapping[str, Any]) -> Line:
    rows = run["rows"]
    return Line(
        name,
        [float(right) for _, right, _, _, _ in rows],
        fmean(completions for _, _, completions, _, _ in rows),
        fmean(prompt + written for *_, prompt, written in rows),
        None if run["flops"] is None else run["flops"] / len(rows),
        run["seconds"] / len(rows),
    )


def _of_samples(file: Path, greedy: Line, drawn: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """Votes over the recorded samples. FLOPs are those of the greedy pass, by tokens; seconds are
    those of the runs that drew the samples, by tokens written."""
    records = asyncio.run(graded_records(load_pool(file)))
    orders = shuffles(records, ORDERS)
    adaptive = DiminishingReturns(tolerance=0.1)
    most = min(len(record) for record in records)

    def each(way: Callable[[SampleRecord], Replay]) -> list[list[Replay]]:
        return [[way(record) for record in order] for order in orders]

    ways = {
        "one sample": each(lambda r: replay_vote(r, 1)),
        "vote of 8": each(lambda r: replay_vote(r, 8)),
        "vote of 16": each(lambda r: replay_vote(r, 16)) if most >= 16 else None,
        "weighted vote of 8": each(lambda r: _local(r, 8)),
        "weighted vote of 16": each(lambda r: _local(r, 16)) if most >= 16 else None,
        "preset local": each(lambda r: _local(r, replay_stop(r, adaptive, 8).samples)),
        "preset adaptive": each(lambda r: replay_stop(r, adaptive, 16)) if most >= 16 else None,
        "one budget, mean of 4": [
            replay_batch(order, BatchPolicy(), [4 * len(records)])[0] for order in orders
        ],
    }
    written = sum(row[-1] for run in drawn for row in run["rows"])
    seconds = sum(run["seconds"] for run in drawn) / written
    for name, replays in ways.items():
        if replays is None:
            continue
        used = [
            _tokens(record, replay.samples)
            for order, of_order in zip(orders, replays, strict=True)
            for record, replay in zip(order, of_order, strict=True)
        ]
        tokens = fmean(prompt + count for prompt, count in used)
        assert greedy.tokens is not None
        yield Line(
            name,
            [fmean(order[i].correct for order in replays) for i in range(len(records))],
            fmean(replay.samples for order in replays for replay in order),
            tokens,
            None if greedy.flops is None else greedy.flops * tokens / greedy.tokens,
            seconds * fmean(count for _, count in used),
        )


def _local(record: SampleRecord, n: int) -> Replay:
    """The vote of the preset `local`: `cisc` at a temperature of .1."""
    weights = [None if score is None else math.exp(score / 0.1) for score in record.scores]
    return replay_weighted_vote(replace(record, scores=tuple(weights)), n)


def _tokens(record: SampleRecord, samples: int) -> tuple[int, int]:
    """Of the prompts of the first samples, and written."""
    written = record.tokens[:samples]
    return (record.prompt_tokens or 0) * len(written), sum(count or 0 for count in written)


def table(lines: Sequence[Line]) -> Iterator[str]:
    """The lines of a Markdown table."""
    by_name = {line.name: line for line in lines}
    compared = [by_name[name] for name in ("greedy", "vote of 8") if name in by_name]
    over = [f"over {line.name}" for line in compared]
    heads = ["", "right", "95 %", *over, "completions", "tokens", "FLOPs", "seconds"]
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for line in lines:
        low, high = bootstrap_interval(line.right)
        cells = [
            line.name,
            _share(fmean(line.right)),
            f"{_share(low)} to {_share(high)}",
            *(_over(other, line) for other in compared),
            f"{line.completions:.1f}",
            *map(_figure, (line.tokens, line.flops, line.seconds)),
        ]
        yield f"| {' | '.join(cells)} |"


def _over(reference: Line, line: Line) -> str:
    """The gain over another line, and its interval paired by problem."""
    if line is reference:
        return ""
    each = [a - b for a, b in zip(line.right, reference.right, strict=True)]
    low, high = bootstrap_interval(each)
    return f"{_share(fmean(each), '+')} ({_share(low, '+')} to {_share(high, '+')})"


def _share(value: float, sign: str = "") -> str:
    return f"{value:{sign}.3f}".replace("0.", ".", 1)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1e}" if value >= 1e5 else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _draw(lines: Sequence[Line], file: Path, title: str) -> None:
    points = []
    for line in lines:
        low, high = bootstrap_interval(line.right)
        cost = {"completion_tokens": None, "sequential_tokens": None, "usd": None}
        accuracy = fmean(line.right)
        points.append(
            Point(line.name, 1, accuracy, low, high, line.completions, tokens=line.tokens, **cost)
        )
    file.write_text(svg(points, "tokens", title))


if __name__ == "__main__":
    main()
