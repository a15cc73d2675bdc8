"""What is reported to people: on standard error, so that standard output carries data alone."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any

from its.terminal import uncleaned

if TYPE_CHECKING:
    from rich.console import Console

UNBROKEN = 10_000
"""Columns where there is no terminal: a reader of a file or a pipe wraps its lines as needed."""


def open_console(*, stderr: bool) -> Console:
    """A console that draws what it is given: no markup, no emoji codes, no highlighting, and
    nothing in a text that a terminal would obey.

    Off a terminal lines are plain and, unless $COLUMNS says otherwise, never broken.
    """
    from its.views.console import CleanConsole

    stream = sys.stderr if stderr else sys.stdout
    watched = stream.isatty()
    return CleanConsole(
        file=uncleaned(stream),
        highlight=False,
        markup=False,
        emoji=False,
        width=None if watched or "COLUMNS" in os.environ else UNBROKEN,
    )


class Messages:
    """Sentences, tables and progress for a person; nothing when quiet.

    Nothing moves when not `animated`: for a terminal that other output goes to as well.
    """

    def __init__(self, quiet: bool = False, *, animated: bool = True) -> None:
        self.quiet = quiet
        self.animated = animated

    @cached_property
    def console(self) -> Console:
        return open_console(stderr=True)

    @property
    def live(self) -> bool:
        """Whether to draw what changes: a person watches a terminal of our own."""
        return not self.quiet and self.animated and self.console.is_terminal

    def say(self, sentence: str) -> None:
        if not self.quiet:
            self.console.print(sentence, soft_wrap=not self.console.is_terminal)

    def show(self, content: Any) -> None:
        """Print something that rich can draw."""
        if not self.quiet:
            self.console.print(content)
