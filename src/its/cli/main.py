"""The entry point: commands, errors as one plain sentence, and exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from its.cli import (
    check,
    compare,
    curve,
    explain,
    grade,
    init,
    judge,
    merge,
    parts,
    provider_batch,
    rebuild,
    report,
    schema,
    show,
    solve,
    tune,
)
from its.cli.environment import use_environment_file
from its.cli.recorded import reading_runs
from its.errors import ItsError, UsageError
from its.terminal import flush_all, open_streams

_ENVIRONMENT = ("OPENAI_BASE_URL", "OPENAI_API_KEY")
_reads = reading_runs()

app = typer.Typer(
    name="its",
    help="Spend extra inference-time compute to make language models answer better, in batch, "
    "and account for every token of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing the help in panels would double the time that it takes
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("solve")(solve.solve)
app.command("explain", short_help="Explain how one question is answered, live or recorded.")(
    explain.explain
)
app.command("check", short_help="Show the whole pipeline and what the endpoint can do.")(
    check.check
)
app.command("init", short_help="Write a commented pipeline for a file of problems.")(init.init)
app.command("schema")(schema.schema)
app.command("parts", short_help="List the parts that a pipeline can name.")(parts.parts)
app.command("judge", short_help="Judge responses with a reward.")(judge.judge)
app.command("grade", short_help="Grade a finished run again, without a call.")(_reads(grade.grade))
app.command("curve", short_help="What other budgets would have cost and given.")(
    _reads(curve.curve)
)
app.command("report", short_help="Write a run, or several compared, as one HTML file.")(
    _reads(report.report)
)
app.command("compare", short_help="Compare runs of the same problems: which is better.")(
    _reads(compare.compare)
)
app.command("show", short_help="Show the rows of a run, filtered and grouped.")(_reads(show.show))
app.command("merge", short_help="Merge the runs of all shards into one.")(_reads(merge.merge))
app.command("rebuild", short_help="Rebuild a run's journal from its rows and traces.")(
    rebuild.rebuild
)
app.add_typer(provider_batch.app, name="batch")
app.command("tune", short_help="Find the best budget for every difficulty.")(_reads(tune.tune))


def _version(wanted: bool) -> None:
    if wanted:
        from its import __version__

        print(f"its {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Run the command; leave with the exit code that DESIGN promises its callers."""
    debug = "--debug" in sys.argv[1:]
    open_streams()
    try:
        for sentence in use_environment_file():
            print(f"its: {sentence}", file=sys.stderr)
        _refuse_broken_text()
        code = app(prog_name="its", standalone_mode=False) or 0
    except ItsError as error:
        if debug:
            raise
        print(f"its: {error}", file=sys.stderr)
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        code = 141
    except Exception as error:
        code = _unexpected(error, debug)
    _leave(code)


def _refuse_broken_text() -> None:
    """Bytes that are no UTF-8 cannot go into a prompt, an address or a run's description."""
    given = [*sys.argv[1:], *(f"{name}={os.environ.get(name, '')}" for name in _ENVIRONMENT)]
    for text in given:
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            shown = text.encode("utf-8", "backslashreplace").decode()
            raise UsageError(f"{shown} is not valid UTF-8; write or rename it in UTF-8")


def _unexpected(error: Exception, debug: bool) -> int:
    """Usage errors of the option parser are the user's; everything else is ours."""
    show = getattr(error, "show", None)
    if show is not None:
        show()
        return int(getattr(error, "exit_code", 2))
    if debug:
        raise error
    print(
        f"its: internal error: {type(error).__name__}: {error} (--debug shows where)",
        file=sys.stderr,
    )
    return 1


def _leave(code: int) -> None:
    """End now: a thread may still wait for input that never comes."""
    os._exit(flush_all(interrupted=code == 130) or code)
