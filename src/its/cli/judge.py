"""`its judge`: rewards alone, live or replayed from recorded scores."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from its.cli import options
from its.errors import RunDirectoryError, UsageError

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.runs.run import RunResult
    from its.session import Session
    from its.views.messages import Messages

REPORT = "judge.json"
DEFAULT_REWARD = "generalist"

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="RESPONSES.jsonl",
        help="JSON lines with query, responses and optionally label; - is standard input.",
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
    map_: options.Map = None,
    template: options.Template = None,
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
    pipeline = options.with_input(pipeline, map_, template)
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
    import orjson

    from its.cli.batch import BatchOutput, run_command
    from its.judging.items import items
    from its.judging.judge import Judge
    from its.judging.report import report
    from its.problems.reading import open_problems
    from its.session import Session
    from its.views.judging import judged

    def judge_of(session: Session) -> Judge:
        plan = session.active.solver.plan
        assert plan.reward is not None
        return Judge(plan.reward, plan, session.active.context)

    def finish(session: Session, result: RunResult) -> None:
        path = session.directory.path
        figures = report(map(orjson.loads, session.active.journal.solutions()))
        _write(path, figures)
        for part in judged(figures, result, path, width=messages.console.width):
            messages.show(part)

    messages.say(f"At most {pipeline.budget.max:,} completions per item, the probe apart.")
    own = pipeline.input
    with open_problems(source, fields=own.map, template=own.template, limit=limit) as reader:
        session = Session(pipeline, source=source, run=output, fresh=fresh, command="judge")
        rows = BatchOutput(stdout or not sys.stdout.isatty())
        return run_command(session, reader, messages, rows, finish, rows=items, solver=judge_of)
