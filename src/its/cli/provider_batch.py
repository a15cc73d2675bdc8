"""`its batch`: a pipeline's samples through the batch API of a provider."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options

if TYPE_CHECKING:
    from its.models.batch.results import BatchModel, Results
    from its.models.protocol import Model
    from its.pipeline.config import Pipeline
    from its.runs.run import RunResult

app = typer.Typer(
    help="Answer a pipeline's samples by a provider's batch, within a day and for less.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Form(StrEnum):
    """Whose batches the file is for."""

    openai = "openai"
    anthropic = "anthropic"


@app.command("write")
def write(
    problems: Annotated[
        list[str], typer.Argument(metavar="PROBLEMS...", help="Files of problems.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The request file to write.")
    ],
    config: options.Config = None,
    model: options.ModelName = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    form: Annotated[
        Form, typer.Option("--form", help="Whose batches: openai or anthropic.")
    ] = Form.openai,
    quiet: options.Quiet = False,
) -> int:
    """Write the requests of all samples into a file for the provider. No model is called."""
    from its.models.batch.requests import Collector
    from its.pipeline.batching import for_batch
    from its.views.messages import Messages

    pipeline = for_batch(options.resolve_pipeline(config, model, None, None, None, seed, settings))
    collector = Collector(pipeline.model, form.value)
    _run(pipeline, collector, problems, None)
    output.write_bytes(b"".join(collector.lines.values()))
    Messages(quiet).say(f"{output}: {len(collector.lines):,} requests of {pipeline.model.name}.")
    return 0


@app.command("read")
def read(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS...", help="Result and error files of the provider."),
    ],
    problems: Annotated[
        list[str],
        typer.Option("-p", "--problems", metavar="PROBLEMS", help="The problems. May be repeated."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Run directory.")],
    config: options.Config = None,
    model: options.ModelName = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> int:
    """Run the pipeline on the results of its batch, with their bill. No model is called.

    `its solve` with the same pipeline and directory then asks for what failed.
    """
    from its.cli.batch import exit_code
    from its.models.batch.results import BatchModel, read_results
    from its.pipeline.batching import for_batch
    from its.views.messages import Messages

    pipeline = for_batch(options.resolve_pipeline(config, model, None, None, None, seed, settings))
    held = read_results(results)
    answers = BatchModel(pipeline.model, held)
    result = _run(pipeline, answers, problems, output)
    messages = Messages(quiet)
    messages.say(_account(held, answers))
    counts = ", ".join(f"{count:,} {status}" for status, count in result.standing.statuses.items())
    usd = result.accounting.totals.usage.usd
    money = "price unknown" if usd is None else f"{usd:.4f} USD"
    messages.say(f"{output}: {counts}; {money}.")
    return exit_code(result)


def _run(pipeline: Pipeline, model: Model, problems: list[str], output: Path | None) -> RunResult:
    """The pipeline on all problems, with `model` in the place of its own."""
    import asyncio

    from its.problems.reading import open_problems
    from its.runs.emission import to_nobody
    from its.session import Session

    async def run() -> RunResult:
        own = pipeline.input
        with open_problems(problems, fields=own.map, template=own.template) as reader:
            async with Session(pipeline, run=output, models={"model": model}) as session:
                result = await session.run(iter(reader), to_nobody)
                session.directory.describe(endpoints={})  # the endpoint itself was not asked
                return result

    return asyncio.run(run())


def _account(held: Results, answers: BatchModel) -> str:
    foreign = len(held.replies.keys() - answers.answered)
    counts = {
        "answered": len(answers.answered),
        "failed": len(answers.failed),
        "missing": len(answers.missing),
        "repeated": held.repeated,
        "of other requests": foreign,
        "damaged": held.damaged,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return f"Results: {said}."
