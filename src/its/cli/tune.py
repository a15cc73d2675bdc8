"""`its tune`: how many samples each problem deserves, found on problems with references."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from its.cli.curve import AllowBiased, Problems, Seed, Source, write_text


def tune(
    source: Source,
    budget: Annotated[
        float, typer.Option("--budget", min=1, help="Mean completions per problem to tune for.")
    ] = 8,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.yaml", help="Write the preset there."),
    ] = None,
    problems: Problems = None,
    orders: Annotated[
        int, typer.Option("--orders", min=1, help="Random orders of the samples to average over.")
    ] = 10,
    seed: Seed = 0,
    allow_biased: AllowBiased = False,
) -> None:
    """Pick the best budget for every difficulty, and say honestly what that gains."""
    import asyncio

    from its.curves.preset import preset
    from its.curves.source import graded_by, graded_records
    from its.curves.tuning import tune as tune_policy
    from its.errors import UsageError
    from its.models.recorded import load_pool
    from its.views.messages import open_console
    from its.views.tune import tune_lines

    pool = load_pool(source, problems)
    records = asyncio.run(graded_records(pool, allow_biased=allow_biased))
    try:
        tuned = tune_policy(records, budget, orders=orders, seed=seed)
    except ValueError as error:
        raise UsageError(f"{pool.name}: {error}") from error
    console = open_console(stderr=True)
    for line in (*tune_lines(tuned), graded_by(pool)):
        console.print(line, markup=False, highlight=False)
    text = preset(tuned, pool.name)
    if output is None:
        print(text, end="")
    else:
        write_text(output, text)
        console.print(f"Written: its solve PROBLEMS.jsonl -c {output}", markup=False)
