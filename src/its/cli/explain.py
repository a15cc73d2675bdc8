"""`its explain`: how one question is answered, live or recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options
from its.cli.recorded import reading_runs
from its.errors import RunInterrupted, UsageError

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.problems.problem import Problem
    from its.runs.record import RecordedProblem
    from its.views.messages import Messages

Asked = Annotated[
    str | None, typer.Argument(metavar="QUESTION", help="The question; - reads standard input.")
]


def explain(
    question: Asked = None,
    config: options.Config = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Keep the run, to show it again."),
    ] = None,
    budget: options.Budget = None,
    settings: options.Settings = None,
    seed: options.Seed = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Explain from this run; no model is called."),
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Which problem of the run.")
    ] = None,
    quiet: options.Quiet = False,
) -> int:
    """Explain how one question is answered: difficulty, budget, attempts, scores, vote, cost.

    Live with a QUESTION, or from the record of a run with --run.
    """
    from its.runs.record import read_record
    from its.runs.rows import is_run
    from its.views.messages import Messages

    if run is None and question is not None and is_run(Path(question)):
        run, question = Path(question), None
    if run is not None:
        if question is not None:
            raise UsageError("give a question, or --run with --id, not both")
        with reading_runs():
            _show(read_record(run, id_ or _pick(run, Messages(quiet))))
        return 0
    if question is None:
        raise UsageError("no question: write it in quotes, or name a recorded one with --run DIR")
    if id_ is not None:
        raise UsageError("--id names a problem of a run: add --run DIR")
    pipeline = options.resolve_pipeline(
        config, model, base_url, budget, seed=seed, settings=settings
    )
    messages = Messages(quiet)
    if pipeline.model.name == "embedded" and model is None:
        messages.say("No model named: the embedded one runs (--model names another).")
    from its.pipeline.plan import refusal_of

    problem = _problem(question)
    if reason := refusal_of(pipeline, problem.question):
        raise UsageError(reason)
    record = _solve(pipeline, problem, output, messages)
    _show(record)
    if output is not None:
        messages.say(f"Kept in {output}: its explain --run {output} --id {record.row['id']}")
    return 3 if record.row["status"] != "answered" else 0


def _pick(run: Path, messages: Messages) -> str | None:
    """The first of the rows worth a look, and how to see the others; None where there are none."""
    from its.runs.rows import least_sure, read_rows, worth_a_look
    from its.views.rows import look_line

    wrong, unsure = worth_a_look(run)
    rows = [*wrong, *unsure] or least_sure(read_rows(run), 1)
    for row in rows[1:]:
        messages.say(look_line(row, 100))
    if len(rows) > 1:
        messages.say(f"These are worth a look too: its explain {run} --id ID")
    return str(rows[0]["id"]) if rows else None


def _problem(question: str) -> Problem:
    """The question as a problem, with an id of its own."""
    from dataclasses import replace

    from its.problems.problem import Problem, Question

    text = sys.stdin.read() if question == "-" else question
    if not text.strip():
        raise UsageError("the question is empty: write it in quotes")
    problem = Problem("question", 0, Question(text.strip()))
    return replace(problem, id=f"question-{problem.key.hex()[:6]}")


def _solve(
    pipeline: Pipeline, problem: Problem, output: Path | None, messages: Messages
) -> RecordedProblem:
    """Solve it in a run directory like any other, and read back what that holds."""
    from tempfile import TemporaryDirectory

    from its.runs.loop import run_loop
    from its.runs.record import read_record
    from its.session import Session
    from its.views.live_story import LiveStory

    # One question shares no budget of a batch.
    alone = pipeline.budget.model_copy(update={"batch": None})
    pipeline = pipeline.model_copy(update={"budget": alone})

    async def solve(path: Path) -> bool:
        story = LiveStory(messages)
        async with Session(pipeline, source="question", run=path, listen=story.follow) as session:
            with story:
                result = await session.run(
                    iter([problem]), lambda position, row: None, interruptible=True
                )
        return result.interrupted

    with TemporaryDirectory(prefix="its-") as scratch:
        path = output or Path(scratch)
        if run_loop(solve(path)):
            raise RunInterrupted("interrupted before the question was answered")
        return read_record(path, problem.id)


def _show(record: RecordedProblem) -> None:
    """The explanation on standard output: formatted on a terminal, plain elsewhere."""
    from its.views.explanation import explanation_lines
    from its.views.messages import open_console
    from its.views.stage_tree import PLAIN, Guides
    from its.views.story import read_story

    console = open_console(stderr=False)
    guides = Guides() if console.is_terminal else PLAIN
    for part in list(
        explanation_lines(read_story(record.events), record.row, console.width, guides)
    ):
        console.print(part, soft_wrap=True)
