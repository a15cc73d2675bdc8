"""Taking a written answer apart: lists, brackets, matrices."""

from __future__ import annotations

import re

from its.answers.latex import ROW_BREAK

_OPEN, _CLOSE = "([{", ")]}"
_GROUPING_COMMA = re.compile(r"(?<=\d),\d{3}(?!\d)")
_CONJUNCTION = re.compile(r",? ?\x01 ?(?:and|or) ?\x02 ?|,? (?:and|or) |; ?")
_MATRIX = re.compile(r"\\begin ?\{([bpvBV]?matrix|array)\} ?(?:\{[lcr|]{0,40}\})?")


def nesting(text: str) -> int:
    """How deep the brackets go."""
    deepest = depth = 0
    for character in text:
        if character in _OPEN:
            depth += 1
            deepest = max(deepest, depth)
        elif character in _CLOSE:
            depth -= 1
    return deepest


def listed(text: str) -> list[str]:
    """The parts of a bare list; commas that group digits by three separate nothing."""
    return split(_CONJUNCTION.sub(", ", text), grouped_digits=True)


def split(text: str, *, grouped_digits: bool = False) -> list[str]:
    """The parts between commas outside all brackets."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == "," and depth <= 0:
            if grouped_digits and _GROUPING_COMMA.match(text, i):
                continue
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def enclosed(text: str) -> tuple[str, str, str] | None:
    """Opening bracket, middle and closing bracket, where the first closes at the very end."""
    start = "\\{" if text.startswith("\\{") else text[:1]
    end = "\\}" if text.endswith("\\}") else text[-1:]
    if start not in ("(", "[", "{", "\\{") or end not in (")", "]", "}", "\\}"):
        return None
    depth = 0
    for i, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth == 0 and i < len(text) - 1:
                return None
    return (start, text[len(start) : -len(end)], end) if depth == 0 else None


def matrix_cells(text: str) -> list[list[str]] | None:
    """The rows of a tidied LaTeX matrix; None for what is none, or nested."""
    opening = _MATRIX.match(text)
    if not opening:
        return None
    closing = "\\end{" + opening[1] + "}"
    body = text[opening.end() : -len(closing)].strip(" " + ROW_BREAK)
    if not text.endswith(closing) or "\\begin" in body or "\\end" in body:
        return None
    return [row.split("&") for row in body.split(ROW_BREAK)]


def cases(text: str) -> list[tuple[str, str]] | None:
    """The values and conditions of a definition by cases; None for what is none."""
    if not text.startswith("\\begin{cases}") or not text.endswith("\\end{cases}"):
        return None
    body = text.removeprefix("\\begin{cases}").removesuffix("\\end{cases}").strip(" " + ROW_BREAK)
    rows = [row.partition("&") for row in body.split(ROW_BREAK)]
    return [(value.strip(" ,"), condition.strip(" .,")) for value, _, condition in rows]
