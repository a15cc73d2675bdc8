"""Why a whole input is refused, and what to type instead."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from its.errors import InputError
from its.problems.field_names import MORE_REFERENCE_FIELDS, REFERENCE_FIELDS, FieldNames
from its.problems.fields import read_record
from its.problems.json_line import LineFault
from its.problems.names import plain
from its.problems.problem import BadLine
from its.problems.record import InputRecord
from its.problems.sources import STANDARD_INPUT, name_of

_REFERENCES = frozenset(map(plain, (*REFERENCE_FIELDS, *MORE_REFERENCE_FIELDS)))
_NO_QUESTIONS = frozenset(map(plain, ("id", "source", "category", "subject", "level", "type",
                                      "url", "model", "name", "title", "split")))  # fmt: skip


def refusal(
    source: str,
    form: str,
    first: BadLine,
    records: int,
    fields: Mapping[str, Any] | None,
    names: FieldNames,
    whole: bool,
) -> InputError:
    """The error for an input of which nothing could be read. `fields` are those of its first
    record, None where not even a record could be had; `whole` says that it was read to its end."""
    count = f"all {records:,} records" if whole and records > 1 else (
        "its only record" if whole else f"the first {records:,} records")  # fmt: skip
    what = f"{name_of(source)} was read as {form}, and {count} cannot be used: {first.reason}"
    fix = _fix(source, form, first, fields, names)
    said = f"{what}; {fix}" if fix else what
    return InputError(" ".join(said.splitlines()))  # names of fields may hold line ends


def _fix(
    source: str, form: str, first: BadLine, fields: Mapping[str, Any] | None, names: FieldNames
) -> str | None:
    if fields is None and form == "JSON lines" and "is not JSON at column 1" in first.reason:
        name = "" if source == STANDARD_INPUT else f" {shlex.quote(source)}"
        return f"for a list of questions, one per line: jq -R '{{question: .}}'{name} | its solve -"
    if "is not UTF-8" in first.reason and source != STANDARD_INPUT:
        return f"likely iconv -f WINDOWS-1252 -t UTF-8 {shlex.quote(source)} > NEW"
    lists = [] if fields is None else [name for name, value in fields.items() if _is_list(value)]
    if len(lists) > 1:
        taken = next((name for name in ("test", "validation") if name in lists), lists[-1])
        part = shlex.quote(f".[{json.dumps(taken)}][]")
        return (
            f"it holds several lists ({', '.join(lists[:6])}); take one: "
            f"jq -c {part} {shlex.quote(source)} | its solve -"
        )
    if fields is not None and "has no question" in first.reason:
        guess = _likely_question(fields, names)
        return None if guess is None else f"likely --map {shlex.quote(f'question={guess}')}"
    return None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value)


def _likely_question(fields: Mapping[str, Any], names: FieldNames) -> str | None:
    """The path of the text that is most likely asked, and can be read as such: by its name, by a
    question mark at its end, by its length."""
    texts = dict(_texts(fields))

    def likely(path: str) -> tuple[bool, bool, int]:
        name = plain(path.rpartition(".")[2])
        named = any(word in name for word in ("question", "problem", "prompt", "query"))
        return not named, not texts[path].rstrip().endswith(("?", "？")), -len(texts[path])

    for path in sorted(texts, key=likely):
        try:
            tried = FieldNames.given(None, None, {**names.named, "question": path}, names.template)
            read_record(InputRecord(("line", 1), dict(fields)), 0, tried)
        except (InputError, LineFault):
            continue
        return path
    return None


def _texts(fields: Mapping[str, Any], prefix: str = "", depth: int = 0) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in fields.items():
        if plain(name) in _REFERENCES or plain(name) in _NO_QUESTIONS:
            continue
        if isinstance(value, str) and value.strip():
            found.append((prefix + name, value))
        elif isinstance(value, dict) and depth < 3:
            found += _texts(value, f"{prefix}{name}.", depth + 1)
    return found
