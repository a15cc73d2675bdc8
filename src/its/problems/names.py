"""Finding a field of a record by its name, whatever the case it is written in, or by a path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

_APART = re.compile(r"(?<=[^\s_-])[\s_-]+")


@lru_cache(8192)
def plain(name: str) -> str:
    """How names are compared: `answerKey`, `answer_key` and `Answer Key` are one."""
    return _APART.sub("", name).casefold()


def find(record: Mapping[str, Any], path: str) -> tuple[str, Any] | None:
    """The field at a path (`question`, `body.messages`, `turns.0`) and its value; None without.

    A field whose own name holds the dots goes before the path. The name comes back as the record
    writes it.
    """
    name = actual_name(record, path)
    if name is not None:
        return name, record[name]
    head, dot, rest = path.partition(".")
    if not dot:
        return None
    name = actual_name(record, head)
    found = None if name is None else _inside(record[name], rest)
    return None if found is None else (f"{name}.{found[0]}", found[1])


def actual_name(record: Mapping[str, Any], name: str) -> str | None:
    """The name that the record itself uses."""
    return name if name in record else _index(tuple(record)).get(plain(name))


def top_of(path: str, record: Mapping[str, Any]) -> str:
    """The field of a record that a path found in it lies in."""
    return path if path in record else path.partition(".")[0]


def is_filled(value: Any) -> bool:
    """Whether a field holds something: not null, blank text or an empty list or object."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ([], {})


def first_filled(record: Mapping[str, Any], paths: Sequence[str]) -> tuple[str, Any] | None:
    """The first of these fields that holds something."""
    for path in paths:
        found = find(record, path)
        if found is not None and is_filled(found[1]):
            return found
    return None


@lru_cache(1024)
def _index(names: tuple[str, ...]) -> dict[str, str]:
    """Compared name to written name; the first one written counts."""
    index: dict[str, str] = {}
    for name in names:
        index.setdefault(plain(name), name)
    return index


def _inside(value: Any, path: str) -> tuple[str, Any] | None:
    if isinstance(value, Mapping):
        return find(value, path)
    if isinstance(value, list):
        number, _, rest = path.partition(".")
        if number.isdecimal() and int(number) < len(value):
            if not rest:
                return number, value[int(number)]
            found = _inside(value[int(number)], rest)
            return None if found is None else (f"{number}.{found[0]}", found[1])
    return None
