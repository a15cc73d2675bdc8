"""`its curve`: what other budgets would have cost and given, from recorded samples alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from its.curves.records import SampleRecord

Source = Annotated[
    str, typer.Argument(metavar="RUN_DIR|POOL.jsonl", help="A run, or a pool of recorded samples.")
]
Problems = Annotated[
    str | None,
    typer.Option(
        "--problems", metavar="FILE", help="A run's problems with references, if moved since."
    ),
]
AllowBiased = Annotated[
    bool, typer.Option("--allow-biased", help="Use samples of an adaptive run anyway.")
]
Orders = Annotated[
    int,
    typer.Option(
        "--orders", min=1, max=100_000, help="Random orders of the samples to average over."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=-(2**63), max=2**63 - 1, help="Makes it reproducible.")
]


def curve(
    source: Source,
    larger: Annotated[
        str | None,
        typer.Argument(metavar="[LARGER]", help="A larger model's samples of the same problems."),
    ] = None,
    costs: Annotated[
        str | None,
        typer.Option(
            "--costs",
            metavar="SMALL:LARGE",
            help="What a sample of each costs; else their FLOPs, where known.",
        ),
    ] = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies",
            metavar="NAME,...",
            help="vote, adaptive, windows, short, batch, weighted_vote, confidence, best_of_n, "
            "oracle, or a stopping rule; all of these that the samples allow, if not given.",
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option("-n", "--sizes", metavar="N,...", help="Budgets in completions per problem."),
    ] = None,
    by: Annotated[
        Literal["calls", "tokens", "sequential_tokens", "usd"],
        typer.Option("--by", help="The x axis of the plots."),
    ] = "calls",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.svg", help="Write a picture.")
    ] = None,
    input_price: Annotated[
        float | None,
        typer.Option(
            "--input-price",
            min=0,
            help="USD per million prompt tokens; a run's own price, if not given.",
        ),
    ] = None,
    output_price: Annotated[
        float | None, typer.Option("--output-price", min=0, help="USD per million output tokens.")
    ] = None,
    problems: Problems = None,
    orders: Orders = 20,
    seed: Seed = 0,
    allow_biased: AllowBiased = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="JSON lines on standard output, even in a terminal.")
    ] = False,
) -> None:
    """Accuracy against calls, tokens and money for many strategies, without a single call.

    With a second model's samples: a cascade from the first to the second, against each alone.
    """
    import asyncio

    from its.curves.curve import Prices, compute_curve
    from its.curves.source import all_measured, all_scored, graded_by, graded_records
    from its.models.recorded import load_pool
    from its.views.curve import notes, plot, print_table, svg
    from its.views.messages import open_console

    pool = load_pool(source, problems)
    records = asyncio.run(graded_records(pool, allow_biased=allow_biased))
    emits = stdout or not sys.stdout.isatty()
    if larger is not None:
        large = load_pool(larger, problems)
        other = asyncio.run(graded_records(large, allow_biased=allow_biased))
        each = _costs(costs, pool.flops, large.flops)
        return _cascade(records, other, each, orders, seed, output, emits)
    points = compute_curve(
        records,
        _strategies(strategies, all_scored(records), all_measured(records)),
        sizes=_sizes(sizes),
        orders=orders,
        prices=Prices(
            pool.input_price if input_price is None else input_price,
            pool.output_price if output_price is None else output_price,
        ),
        seed=seed,
    )
    console = open_console(stderr=True)
    print_table(points, console)
    console.print(plot(points, by), markup=False, highlight=False)
    for note in (graded_by(pool), *notes(pool, records)):
        console.print(note, markup=False, highlight=False)
    if output is not None:
        write_text(output, svg(points, by, title=pool.name))
    if emits:
        _print_lines([point.as_dict() for point in points])
    return None


def _cascade(
    small: list[SampleRecord],
    large: list[SampleRecord],
    costs: tuple[float, float],
    orders: int,
    seed: int,
    output: Path | None,
    emits: bool,
) -> None:
    from its.curves.cascade import cascade_curve
    from its.curves.source import paired
    from its.views.cascade import frontier, row, verdict_line
    from its.views.curve import plot, svg
    from its.views.messages import open_console

    points, verdict = cascade_curve(*paired(small, large), costs, orders=orders, seed=seed)
    best = frontier(points)
    console = open_console(stderr=True)
    for line in (*map(row, best), plot(best, "cost"), verdict_line(verdict)):
        console.print(line, markup=False, highlight=False)
    if output is not None:
        write_text(output, svg(best, "cost", title="cascade"))
    if emits:
        _print_lines([point.as_dict() for point in points])


def _costs(
    text: str | None, small_flops: float | None, large_flops: float | None
) -> tuple[float, float]:
    """`1.5:7` as two numbers; without it the FLOPs that a sample of each took."""
    from its.errors import UsageError

    if text is None and small_flops and large_flops:
        return small_flops, large_flops
    small, _, large = (text or "").partition(":")
    try:
        costs = float(small), float(large)
    except ValueError:
        costs = 0.0, 0.0
    if min(costs) <= 0:
        raise UsageError(
            "a cascade needs what a sample of each model costs, in any unit: --costs 1.5:7"
        )
    return costs


def _print_lines(rows: list[dict[str, Any]]) -> None:
    import orjson

    from its.terminal import write_data

    write_data(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))


def _strategies(names: str | None, scored: bool, measured: bool) -> list[str]:
    from its.curves.curve import WAYS, way_of
    from its.errors import UsageError
    from its.suggestion import did_you_mean

    recorded = {"": True, "score": scored, "token count": measured}
    if names is None:
        return [name for name, way in WAYS.items() if recorded[way.needs]]
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        way = way_of(name)
        if way is None:
            raise UsageError(
                f"no strategy {name!r}; {did_you_mean(name, WAYS)}there are {', '.join(WAYS)} and "
                "every stopping rule"
            )
        if not recorded[way.needs]:
            raise UsageError(
                f"{name} needs a recorded {way.needs} for every sample, and some have none"
            )
    return chosen


def _sizes(text: str | None) -> list[int] | None:
    from its.errors import UsageError

    if text is None:
        return None
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        sizes = [0]
    if sizes[0] < 1:
        raise UsageError(f"--sizes {text!r}: write whole numbers of at least 1, such as 1,4,16")
    return sizes


def write_text(path: Path, content: str) -> None:
    """Write a file whole. Raises UsageError where it cannot be written."""
    from its.errors import UsageError

    try:
        path.write_text(content, "utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
