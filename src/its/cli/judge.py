"""`its judge`: rewards alone, live or replayed from recorded scores."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from its.cli import options
from its.errors import RunDirectoryError, RunInterrupted, UsageError

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.problems.reading import ProblemReader
    from its.runs.directory import RunDirectory
    from its.views.messages import Messages

REPORT = "judge.json"
DEFAULT_REWARD = "generalist"

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="RESPONSES.jsonl",
        help="JSON lines with query, responses and perhaps label; - is standard input.",
        show_default=False,
    ),
]


def judge(
    responses: Source = None,
    recorded: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Replay recorded scores instead; no model is called."),
    ] = None,
    config: options.Config = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    reward: Annotated[
        str | None,
        typer.Option(metavar="NAME", help=f"Which reward ({DEFAULT_REWARD} if not configured)."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Run directory.")
    ] = None,
    budget: options.Budget = None,
    concurrency: options.Concurrency = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Only the first N items.")] = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over beside an old run.")] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print rows as JSON lines on a terminal too.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Judge responses with a reward: scores, critiques, winner, margin and cost of every item.

    The same command resumes. `--recorded` replays scores and writes judge.json alone.
    """
    from its.views.messages import Messages

    if (responses is None) == (recorded is None):
        raise UsageError("give either a file of responses to judge, or --recorded FILE")
    messages = Messages(quiet)
    if recorded is not None:
        return _replay(recorded, output, messages)
    if reward is not None or config is None:
        chosen = f"select.reward={{method: {reward or DEFAULT_REWARD}}}"
        settings = [chosen, *(settings or ())]
    pipeline = options.resolve_pipeline(
        config, model, base_url, budget, concurrency, seed, settings
    )
    if pipeline.select.reward is None:
        raise UsageError("the configuration has no select.reward; add one, or --reward NAME")
    return _judge(pipeline, str(responses), output, limit, fresh, stdout, messages)


# --- recorded scores ----------------------------------------------------------------------------


def _replay(source: str, output: Path | None, messages: Messages) -> int:
    from its.judging.recorded import read_recorded, replay
    from its.rewards.voting import AdaptiveVoting
    from its.views.judging import replayed

    figures = replay(read_recorded(source), AdaptiveVoting())
    if output is not None:
        _make(output)
        _write(output, figures)
    else:
        print(_pretty(figures).decode(), end="")
    messages.show(replayed(figures))
    return 0


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write to {directory}: {error.strerror or error}; choose another with --output"
        ) from None


def _write(directory: Path, figures: dict[str, Any]) -> None:
    from its.runs.directory import write_atomically

    write_atomically(directory / REPORT, _pretty(figures))


def _pretty(figures: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


# --- live ---------------------------------------------------------------------------------------


def _judge(
    pipeline: Pipeline,
    source: str,
    output: Path | None,
    limit: int | None,
    fresh: bool,
    stdout: bool,
    messages: Messages,
) -> int:
    from its.problems.reading import open_problems
    from its.runs.loop import run_loop
    from its.runs.opening import open_directory

    messages.say(f"At most {pipeline.budget.max:,} completions an item, probes apart.")
    with open_problems(source, limit=limit) as reader:
        directory = open_directory(pipeline, source, output, fresh=fresh, command="judge")
        try:
            emits = stdout or not sys.stdout.isatty()
            return run_loop(_run(pipeline, reader, directory, emits, messages))
        finally:
            directory.close()


async def _run(
    pipeline: Pipeline,
    reader: ProblemReader,
    directory: RunDirectory,
    emits: bool,
    messages: Messages,
) -> int:
    import orjson

    from its.judging.items import items
    from its.judging.judge import Judge
    from its.judging.report import report
    from its.runs.emission import Emission, to_nobody
    from its.runs.run import open_session, run_session
    from its.views.judging import judged
    from its.views.opening import resume_line
    from its.views.progress import Progress

    loop = asyncio.get_running_loop()

    def reader_left() -> None:
        loop.call_soon_threadsafe(progress.stop)

    async with open_session(pipeline, directory) as session:
        if directory.resumed:
            messages.say(resume_line(directory.path, session.journal.count_finished(), None))
        plan = session.solver.plan
        assert plan.reward is not None
        judge = Judge(plan.reward, plan, session.context)
        emission = Emission(sys.stdout.buffer, False, reader_left) if emits else None
        with Progress(session, reader, messages, None) as progress:
            try:
                ended = await run_session(
                    session,
                    items(reader),
                    emission.emit if emission else to_nobody,
                    progress.watch,
                    judge,
                )
            finally:
                if emission is not None:
                    await asyncio.to_thread(emission.finish)
        if emission is not None and emission.closed:
            return 141
        figures = report(map(orjson.loads, session.journal.solutions()))
    _write(directory.path, figures)
    for part in judged(figures, ended, directory.path, width=messages.console.width):
        messages.show(part)
    if ended.interrupted:
        return RunInterrupted.exit_code
    return 3 if ended.standing.statuses["failed"] else 0
