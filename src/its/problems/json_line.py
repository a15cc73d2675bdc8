"""JSON into values, with a plain sentence where that fails."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class LineFault(Exception):
    """Why a record is no problem: a plain reason with its fix. `identifier` is the record's own
    id, where it is known."""

    def __init__(self, reason: str, identifier: str | None = None) -> None:
        super().__init__(reason)
        self.identifier = identifier


def parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object on a line; raises LineFault."""
    try:
        value = parse(line)
    except LineFault:
        if not line.rstrip().endswith(b"},"):
            raise
        value = parse(line.rstrip()[:-1])  # a line of a list that was cut out of it
    if not isinstance(value, dict):
        raise LineFault(f'holds {type_name(value)}, not an object; write {{"question": …}}')
    _refuse_repeated(line, value)
    return value


def _refuse_repeated(line: bytes, value: dict[str, Any]) -> None:
    """A field that stands twice: one of its values would be lost in silence."""
    if all(line.count(b'"%b"' % name.encode("utf-8", "replace")) < 2 for name in value):
        return
    seen: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        seen[:] = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        return dict(pairs)  # the outermost object comes last

    try:
        json.loads(line.rstrip().removesuffix(b","), object_pairs_hook=look, parse_int=_exact)
    except (ValueError, RecursionError):
        return
    if seen:
        raise LineFault(f"field {seen[0]!r} stands twice; keep one of them")


def parse(text: bytes) -> Any:
    """A JSON value in which whole numbers beyond 64 bits are their digits as text.

    The fast parser rounds such numbers to floats; the exact one reads that text again. Raises
    LineFault.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise LineFault(_reason(text, error)) from None
    if _LONG_NUMBER.search(text):
        try:
            return json.loads(text, parse_int=_exact)
        except RecursionError:
            return value
    return value


def type_name(value: Any) -> str:
    """How messages call a JSON value's type."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null" if value is None else "a value that is no text")


def _exact(digits: str) -> int | str:
    if len(digits) > 20:
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**63 else digits


def _reason(line: bytes, error: orjson.JSONDecodeError) -> str:
    """Say what is wrong in the words of the user, not of the parser."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as fault:
        return f"is not UTF-8 (byte {fault.start + 1} of the line); save the file as UTF-8"
    for sign, reason in _REASONS.items():
        if sign in error.msg:
            return reason
    if constant := _constant(text):
        return f"holds {constant}, which JSON does not have; write null, or text in quotes"
    message = error.msg.split(":")[0]
    return f"is not JSON at column {error.colno}: {message}; write one JSON object per line"


_REASONS = {
    "depth": "is nested too deep (over 1,000 levels); flatten it",
    "surrogate": "holds half a surrogate pair (such as \\ud83d alone); write the whole character",
    "infinity": "holds a number too large for JSON; write it as text in quotes",
    "end of data": "is not whole JSON: it ends too early; write each object on one line",
    "EOF": "is not whole JSON: it ends too early; write each object on one line",
}


def _constant(text: str) -> str | None:
    """NaN, Infinity or -Infinity, where that is what the strict parser did not take."""
    found: list[str] = []
    try:
        json.loads(text, parse_constant=found.append, parse_int=_exact)
    except (ValueError, RecursionError):
        return None
    return found[0] if found else None
