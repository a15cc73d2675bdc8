"""A file that is one JSON or YAML value: a list of problems, or an object with one list inside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from its.problems.json_line import LineFault, parse, type_name
from its.problems.names import plain
from its.problems.record import Broken, InputRecord

_OF_ONE_PROBLEM = frozenset(
    map(plain, ("messages", "conversations", "conversation", "prompt", "input", "turns",
                "choices", "options", "responses", "answers", "question", "problem", "query",
                "text", "instruction", "solutions", "steps"))
)  # fmt: skip
"""Lists of these names belong to one problem."""

_ASKED = frozenset(map(plain, ("question", "problem", "prompt", "input", "query", "instruction")))
_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*")|,(\s*[\]}])')


def read_json(content: bytes) -> Iterator[InputRecord | Broken] | None:
    """The records of a JSON value, or of several that follow each other; None if it is no JSON."""
    try:
        return records_in(parse(content))
    except LineFault:
        several = _values(content)
    if several is not None:
        return _entries(several)
    try:
        return records_in(parse(_COMMA.sub(_without_comma, content)))
    except LineFault:
        return None


def _without_comma(found: re.Match[bytes]) -> bytes:
    """Texts as they are; what closes a list or an object without the comma in front of it."""
    return found[1] or found[2]


def read_yaml(content: bytes) -> Iterator[InputRecord | Broken] | None:
    """The records of a YAML list, or of an object with one list inside; None if it is neither."""
    import yaml

    if content.count(b"&") and content.count(b"*") > 100:
        return None  # a value may be spread a thousandfold through aliases
    try:
        value = yaml.safe_load(content)
        value = json.loads(json.dumps(value, default=str))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None
    is_list = isinstance(value, list) and value and all(isinstance(v, dict) for v in value)
    return records_in(value) if is_list or (isinstance(value, dict) and list_in(value)) else None


def records_in(value: Any) -> Iterator[InputRecord | Broken]:
    if isinstance(value, list):
        return _entries(value)
    inside = list_in(value) if isinstance(value, dict) else None
    if inside is not None:
        name, entries = inside
        return _entries(_spread(entries, _shared(value, name)))
    return _entries([value])


def list_in(value: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """The one list of objects in an object that is no problem itself, and its name."""
    lists = {
        name: entries
        for name, entries in value.items()
        if isinstance(entries, list)
        and entries
        and all(isinstance(entry, dict) for entry in entries)
        and plain(name) not in _OF_ONE_PROBLEM
    }
    if "tests" in lists and ("prompts" in value or "providers" in value):
        return "tests", lists["tests"]
    if "rows" in lists and all(isinstance(entry.get("row"), dict) for entry in lists["rows"]):
        return "rows", [entry["row"] for entry in lists["rows"]]
    if len(lists) == 1 and not any(plain(name) in _OF_ONE_PROBLEM for name in value):
        return next(iter(lists.items()))
    rows = _by_column(value) or _by_list(value) or _by_id(value) or _by_heading(value)
    return None if rows is None else ("", rows)


def _shared(value: dict[str, Any], name: str) -> dict[str, Any]:
    """What a promptfoo configuration says of all of its tests."""
    prompts = value.get("prompts")
    if name == "tests" and isinstance(prompts, list) and len(prompts) == 1:
        text = prompts[0]
        if isinstance(text, str) and not text.startswith("file:"):
            return {"prompt": text}
    return {}


def _by_column(value: dict[str, Any]) -> list[Any] | None:
    """{"question": {"0": …, "1": …}, …}: how pandas writes a table unless it is asked for rows."""
    columns = list(value.values())
    if not columns or not all(isinstance(column, dict) and column for column in columns):
        return None
    rows = list(columns[0])
    if any(list(column) != rows for column in columns) or not all(row.isdecimal() for row in rows):
        return None
    return [{name: column[row] for name, column in value.items()} for row in rows]


def _by_list(value: dict[str, Any]) -> list[Any] | None:
    """{"question": ["…", "…"], "answer": ["…", "…"]}: a table by its columns."""
    columns = list(value.values())
    if len(columns) < 2 or not all(isinstance(column, list) for column in columns):
        return None
    asked = [column for name, column in value.items() if plain(name) in _ASKED]
    are_texts = bool(asked) and all(isinstance(entry, str) for column in asked for entry in column)
    if not are_texts or len({len(column) for column in columns}) != 1:
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]


def _by_heading(value: dict[str, Any]) -> list[Any] | None:
    """{"columns": ["question", …], "data": [["…", …], …]}: a table without its names in it."""
    columns, rows = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not rows:
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    return [dict(zip(map(str, columns), row, strict=True)) for row in rows]


def _by_id(value: dict[str, Any]) -> list[Any] | None:
    """{"q1": {"question": …}, "q2": …}: problems by their ids."""
    entries = list(value.values())
    if len(entries) < 2 or not all(isinstance(entry, dict) for entry in entries):
        return None
    if not all(any(plain(name) in _ASKED for name in entry) for entry in entries):
        return None
    return [{"id": name, **entry} for name, entry in value.items()]


def _spread(entries: list[Any], shared: dict[str, Any]) -> Iterator[Any]:
    """The entries; those of SQuAD's own files hold paragraphs, and these hold the questions."""
    for entry in entries:
        paragraphs = entry.get("paragraphs") if isinstance(entry, dict) else None
        if not isinstance(paragraphs, list):
            yield {**shared, **entry} if shared and isinstance(entry, dict) else entry
            continue
        for paragraph in paragraphs:
            questions = paragraph.get("qas") if isinstance(paragraph, dict) else None
            for question in questions if isinstance(questions, list) else [paragraph]:
                if isinstance(question, dict) and isinstance(paragraph, dict):
                    about = {"title": entry.get("title"), "context": paragraph.get("context")}
                    yield {**about, **question}
                else:
                    yield question


def _entries(values: Any) -> Iterator[InputRecord | Broken]:
    for number, value in enumerate(values, start=1):
        place = ("row", number)
        if isinstance(value, dict):
            yield InputRecord(place, value)
        else:
            content = json.dumps(value).encode("utf-8", "surrogatepass")
            yield Broken(place, f"holds {type_name(value)}, not an object", content)


def _values(content: bytes) -> list[Any] | None:
    """Objects that follow each other, each over several lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    values: list[Any] = []
    decoder, at = json.JSONDecoder(), 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return values or None
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return None
        values.append(value)
