"""Texts that others wrote, fit to be shown: on one line, and without control characters.

A model's output could hold escape sequences that move the cursor or rewrite the screen.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from its.terminal import clean


def one_line(text: str) -> str:
    """The text on one line, single spaces between its words."""
    return " ".join(clean(text).split())


def clean_lines(text: str) -> list[str]:
    """The text's lines, each cleaned; empty ones at both ends left out."""
    return [line.expandtabs() for line in clean(text.strip()).split("\n")]


def excerpt(text: str, width: int) -> str:
    """The beginning of a text in at most so many terminal columns."""
    line = one_line(text[: 8 * max(width, 1)])
    if cell_len(line) <= width:
        return line if len(text) <= 8 * width else f"{line} …"
    return f"{set_cell_size(line, max(width - 1, 0)).rstrip()}…"


def padded(text: str, width: int) -> str:
    """The text in exactly so many terminal columns."""
    return set_cell_size(excerpt(text, width), width)
