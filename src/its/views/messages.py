"""What people are told: on standard error, so that standard output carries data alone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


class Messages:
    """Sentences, tables and progress for a person; nothing when quiet."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        return Console(stderr=True, highlight=False, markup=False, emoji=False)

    @property
    def live(self) -> bool:
        """Whether a person watches a terminal."""
        return not self.quiet and self.console.is_terminal

    def say(self, sentence: str) -> None:
        if not self.quiet:
            self.console.print(sentence, soft_wrap=True)

    def show(self, content: Any) -> None:
        """Print something that rich can draw."""
        if not self.quiet:
            self.console.print(content)
