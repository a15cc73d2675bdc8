"""`its grade`: a finished run graded again, without a call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from its.cli import options

if TYPE_CHECKING:
    from its.grading import GradingSettings
    from its.models.recorded import Pool
    from its.problems.problem import Problem


def grade(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    problems: Annotated[
        str | None,
        typer.Option(
            "--problems",
            metavar="FILE",
            help="Problems with corrected or added references; the run's own input, if not given.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="answers.KEY=VALUE",
            help="Read and compare answers in another way: answers.kind=number. May be repeated.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="FIELD", help="Accuracy by a field of the metadata. May be repeated."
        ),
    ] = None,
    samples: Annotated[
        bool | None,
        typer.Option(
            "--samples/--no-samples",
            help="Grade every recorded sample too, for pass@k; by default where no program runs.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
    ] = False,
    stdout: Annotated[
        bool, typer.Option("--stdout", help="Print changes as JSON lines on a terminal too.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Grade a finished run again and say what changed. No model is called.

    Changed rows go to standard output as JSON lines, the figures to RUN/grade.json.
    """
    import asyncio

    import orjson

    from its.analysis.metrics import metrics_of
    from its.analysis.outcomes import outcome_of
    from its.runs.directory import reopen_run, write_atomically
    from its.runs.regrading import regrade_run
    from its.terminal import write_data
    from its.views.grading import graded_lines
    from its.views.messages import Messages

    directory = reopen_run(run)
    try:
        description = directory.description
        used = _settings(description.get("configuration") or {}, settings or ())
        known = _problems(problems, description)
        regraded = asyncio.run(
            regrade_run(run, known, used, read_again=bool(settings), write=not dry_run)
        )
        figures = metrics_of([outcome_of(row) for row in regraded.rows], by or ())
        passes = _pass_at_k(run, problems, used, samples)
        written = figures.as_dict() | {"pass_at_k": passes, "changed": len(regraded.changes)}
        written["model_agreement"] = regraded.agreement.as_dict()
        if not dry_run:
            content = orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
            write_atomically(run / "grade.json", content)
    finally:
        directory.close()
    if stdout or not sys.stdout.isatty():
        rows = (change.as_dict() for change in regraded.changes)
        write_data(b"".join(orjson.dumps(r, option=orjson.OPT_APPEND_NEWLINE) for r in rows))
    messages = Messages(quiet)
    for sentence in graded_lines(regraded, figures, passes, dry_run=dry_run):
        messages.say(sentence)
    return 0


def _settings(configuration: dict[str, Any], changes: list[str] | tuple[()]) -> GradingSettings:
    """The run's own settings, as changed. Raises UsageError for what does not grade."""
    from pydantic import ValidationError

    from its.errors import UsageError
    from its.grading import GradingSettings
    from its.pipeline.config import Pipeline
    from its.pipeline.faults import Origin, explain
    from its.pipeline.load import parse_override

    answers = dict(configuration.get("answers") or {})
    for change in changes:
        path, value = parse_override(change)
        section, _, key = path.partition(".")
        if section != "answers" or not key:
            raise UsageError(f"--set {path}: only the keys of `answers` change how a run is graded")
        answers[key] = value
    data = {"answers": answers, "stages": [{"strategy": "greedy"}]}
    try:
        checked = Pipeline.model_validate(data).answers
    except ValidationError as error:
        raise UsageError(explain(error, data, Origin("run.json", {}, [("answers",)]))) from None
    return GradingSettings(checked.kind, checked.units, checked.percent, checked.symbolic)


def _problems(named: str | None, description: dict[str, Any]) -> dict[str, Problem]:
    from its.models.recorded.run_pool import problems_by_id

    source = named or str(description.get("source", "-"))
    return problems_by_id(source, named is not None, description.get("configuration"))


def _pass_at_k(
    run: Path, problems: str | None, settings: GradingSettings, wanted: bool | None
) -> dict[str, float] | None:
    """The chance that one of k samples is right, where the run drew independent ones."""
    import asyncio
    from dataclasses import replace

    from its.curves.curve import default_sizes
    from its.curves.source import graded_records
    from its.errors import InputError
    from its.estimators import pass_at_k
    from its.models.recorded import load_pool

    if wanted is False:
        return None
    try:
        pool = load_pool(run, problems)
        if wanted is None and _runs_programs(pool):
            return None
        pool = replace(pool, configuration={"answers": settings.as_dict()})
        records = [r for r in asyncio.run(graded_records(pool, allow_biased=True)) if len(r)]
    except InputError:
        return None
    if not records:
        return None
    fewest = min(len(record) for record in records)
    return {
        str(k): sum(pass_at_k(len(r), sum(r.correct), k) for r in records) / len(records)
        for k in default_sizes(records)
        if k <= fewest
    }


def _runs_programs(pool: Pool) -> bool:
    from its.problems.problem import CODE_VERIFIERS

    verifiers = (problem.asked.verifier for problem in pool.problems)
    return any(v is not None and v.kind in CODE_VERIFIERS for v in verifiers)
