"""`its parts`: what strategies, rewards and other parts there are, and what each needs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def parts(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="Only these: strategy, reward, selection, stopping, difficulty, model.",
        ),
    ] = None,
) -> int:
    """List the parts that a pipeline can name, with their needs, costs and origin.

    On a terminal as tables, else one JSON object per line.
    """
    import orjson

    from its.errors import UsageError
    from its.pipeline.catalogue import Description, catalogue, kinds, problems
    from its.suggestion import did_you_mean
    from its.terminal import write_data
    from its.views.messages import Messages, open_console
    from its.views.parts import tables

    if kind is not None and kind not in kinds():
        hint = did_you_mean(kind, kinds())
        raise UsageError(
            f"there is no kind {kind!r} of parts; {hint}it can be {', '.join(kinds())}"
        )
    found: list[Description] = [each for each in catalogue() if kind in (None, each.kind)]
    if sys.stdout.isatty():
        console = open_console(stderr=False)
        for table in tables(found):
            console.print(table)
    else:
        write_data(b"".join(orjson.dumps(each, default=str) + b"\n" for each in found))
    messages = Messages()
    for sentence in problems():
        messages.say(sentence)
    return 0
