"""`its solve`: the batch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options, workers
from its.cli.recorded import reading_runs
from its.errors import InputError
from its.suggestion import did_you_mean

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.problems.findings import Findings
    from its.problems.reading import ProblemReader
    from its.problems.sharding import Shard
    from its.runs.run import RunResult
    from its.session import Session
    from its.views.messages import Messages

READ_TWICE = 20_000_000
"""Bytes of input up to which problems are counted before anything is spent."""

Source = Annotated[
    list[str],
    typer.Argument(
        metavar="PROBLEMS...",
        help="Files of problems: JSON lines, CSV, JSON, Parquet; - is standard input.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Run directory.")
]


def solve(
    problems: Source,
    config: options.Config = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    output: Output = None,
    budget: options.Budget = None,
    batch_budget: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="One budget for all problems: 400, 2Mtok, 5usd."),
    ] = None,
    concurrency: options.Concurrency = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Only the first N problems.")
    ] = None,
    id_: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only this problem. May be repeated."),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="K/N", help="Only the K-th of N parts; `its merge` joins their runs."),
    ] = None,
    ray: workers.RayAddress = None,
    workers_: workers.Number = None,
    worker_cpus: workers.Cpus = 1.0,
    worker_gpus: workers.Gpus = 0.0,
    by_worker: workers.ByWorker = False,
    settings: options.Settings = None,
    seed: options.Seed = None,
    question_field: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Field with the question.")
    ] = None,
    answer_field: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Field with the reference.")
    ] = None,
    map_: options.Map = None,
    template: options.Template = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="The rows as a table, too.")
    ] = None,
    bare_rows: Annotated[
        bool,
        typer.Option("--bare-rows", help="Leave question, reference and metadata out of rows."),
    ] = False,
    ordered: Annotated[bool, typer.Option("--ordered", help="Print rows in input order.")] = False,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="One greedy pass beside it, for comparison.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it could cost; send nothing.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over beside an old run.")] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print rows as JSON lines on a terminal too.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Solve a file of problems and write a run directory.

    The same command resumes. When standard output is not a terminal, each solution is one JSON
    line there.
    """
    if batch_budget is not None:
        settings = [*(settings or ()), f"budget.batch={batch_budget}"]
    pipeline = options.resolve_pipeline(
        config, model, base_url, budget, concurrency, seed, settings
    )
    pipeline = options.with_input(pipeline, map_, template, question_field, answer_field)
    if bare_rows:
        pipeline = pipeline.model_copy(update={"bare_rows": True})
    part = _shard(shard, pipeline)
    placed = workers.placed(ray, workers_, worker_cpus, worker_gpus, pipeline)
    from its.cli.batch import BatchOutput, run_command
    from its.pipeline.ceiling import ceiling
    from its.pipeline.clients import all_prompts
    from its.problems.reading import open_problems
    from its.problems.sources import name_of_run
    from its.session import Session
    from its.views.messages import Messages
    from its.views.opening import (
        first_problem,
        grading_line,
        reading_line,
        shard_line,
        voting_line,
    )
    from its.views.rows import write_table

    messages = Messages(quiet, animated=not (stdout and sys.stdout.isatty()))
    open_input = partial(
        open_problems,
        problems,
        fields=pipeline.input.map,
        template=pipeline.input.template,
        limit=limit,
        ids=id_ or (),
        shard=part,
    )
    with open_input() as reader:
        if pipeline.model.name == "embedded" and model is None:
            messages.say("No model named: the embedded one runs (--model names another).")
        survey = _survey(problems, open_input)
        first = None if survey.rows == 0 else reader.first()
        messages.say(reading_line(survey.findings or reader.findings))
        if first is not None and _only_votes(pipeline) and (line := voting_line(first)):
            messages.say(line)
        if part is not None:
            messages.say(shard_line(part, survey.rows, survey.whole))
        most = ceiling(pipeline, all_prompts(pipeline), survey.questions, baseline).in_words()
        if pipeline.grade is not None:
            most += "\n" + grading_line(pipeline.grade.model.name, survey.rows, 1 + baseline)
        if dry_run:
            print(most)
            if first is not None:
                print(f"\n{first_problem(first)}")
            return 0
        messages.say(most)

        def finish(session: Session, result: RunResult) -> None:
            _refuse_missing(reader)
            if reader.whole is not None:
                session.directory.describe(
                    input={"rows": reader.whole.rows, "digest": reader.whole.value}
                )
            with reading_runs():
                if csv is not None:
                    write_table(session.directory.path, csv)
                _say_summary(session, result, messages)

        session = Session(
            pipeline,
            source=name_of_run(reader.sources),
            run=output,
            fresh=fresh,
            baseline=baseline,
            shard=part,
            workers=workers.joined(placed, messages),
        )
        rows = BatchOutput(stdout or not sys.stdout.isatty(), ordered)
        return run_command(
            session, reader, messages, rows, finish, total=survey.rows, by_worker=by_worker
        )


def _only_votes(pipeline: Pipeline) -> bool:
    """Whether several candidates are chosen among by their votes alone."""
    from its.pipeline.ceiling import most_completions

    select = pipeline.select
    return select.method == "vote" and select.reward is None and most_completions(pipeline) > 1


def _shard(text: str | None, pipeline: Pipeline) -> Shard | None:
    from its.errors import UsageError
    from its.problems.sharding import Shard

    if text is None:
        return None
    shard = Shard.parse(text)
    if pipeline.budget.batch is not None:
        raise UsageError(
            "--shard and one budget for the batch (--batch-budget, budget.batch) do not go "
            "together, since shards do not know what the others spend; bound each problem with "
            "--budget instead"
        )
    return shard


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading the input once before the run showed; nothing for a stream. `whole` counts the
    rows of all shards."""

    rows: int | None = None
    questions: list[str] | None = None
    findings: Findings | None = None
    whole: int | None = None


def _survey(sources: list[str], open_input: Callable[[], ProblemReader]) -> Survey:
    """Reads a file once more to know its problems; a stream or a very large file stays unread."""
    from its.problems.problem import Problem
    from its.problems.sources import size_of

    size = size_of(sources)
    if size is None or size > READ_TWICE:
        return Survey()
    with open_input() as reader:
        rows = list(reader)
        questions = [row.question.text for row in rows if isinstance(row, Problem)]
        _refuse_missing(reader)
        whole = reader.whole.rows if reader.whole is not None else None
        return Survey(len(rows), questions, reader.findings, whole)


def _refuse_missing(reader: ProblemReader) -> None:
    if reader.missing_ids:
        missing = ", ".join(sorted(reader.missing_ids))
        hint = did_you_mean(min(reader.missing_ids), reader.other_ids)
        raise InputError(f"no problem in {reader.source} has the id {missing}; {hint}correct --id")


def _say_summary(session: Session, result: RunResult, messages: Messages) -> None:
    from its.runs.probing import notes_since_probe
    from its.views.opening import nothing_to_do_line
    from its.views.summary import summary

    path, standing = session.directory.path, result.standing
    for note in notes_since_probe(session.active.models):
        messages.say(f"Note: {note}.")
    if standing.recorded and standing.recorded == standing.done:
        messages.say(nothing_to_do_line(path, standing.done))
    for part in summary(
        result,
        path,
        session.active.solver.histories.values(),
        boxed=messages.console.is_terminal,
        width=messages.console.width,
    ):
        messages.show(part)
