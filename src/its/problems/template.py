"""A question put together from several fields: "{passage}\\n\\n{question}"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from its.problems.context import text_of
from its.problems.json_line import LineFault
from its.problems.names import find, is_filled, top_of

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}\n]+)\}")


def is_template(text: str) -> bool:
    return any(match[1] for match in _FIELD.finditer(text))


def typed_template(text: str) -> str:
    """A template as it is typed in a shell, where \\n is two characters."""
    return text.replace("\\n", "\n").replace("\\t", "\t")


def fields_of(template: str) -> list[str]:
    return [match[1].strip() for match in _FIELD.finditer(template) if match[1]]


def fill(template: str, record: Mapping[str, Any], *, strict: bool) -> tuple[str, tuple[str, ...]]:
    """The text, and the fields that are in it. A paragraph all of whose fields are empty is left
    out; with `strict` a field that is not there is a fault. Raises LineFault."""
    used: list[str] = []
    paragraphs = []
    for paragraph in template.split("\n\n"):
        filled = 0

        def put(match: re.Match[str]) -> str:
            nonlocal filled
            if not match[1]:
                return match[0][0]
            found = find(record, match[1].strip())
            if found is None:
                if strict:
                    had = ", ".join(list(record)[:8])
                    raise LineFault(f"has no field {match[1].strip()!r} for --template "
                                    f"(its fields: {had}); correct the template")  # fmt: skip
                return ""
            used.append(top_of(found[0], record))
            filled += is_filled(found[1])
            return text_of(found[1])

        text = _FIELD.sub(put, paragraph)
        if filled or not fields_of(paragraph):
            paragraphs.append(text)
    return "\n\n".join(paragraphs), tuple(dict.fromkeys(used))
