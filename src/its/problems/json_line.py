"""One line of JSON into an object, with a plain sentence where that fails."""

from __future__ import annotations

import json
from typing import Any

import orjson


class LineFault(Exception):
    """Why a line is no problem: a plain reason with its mend. `id` is the line's own, if known."""

    def __init__(self, reason: str, identifier: str | None = None) -> None:
        super().__init__(reason)
        self.identifier = identifier


def parse_object(line: bytes) -> dict[str, Any]:
    """The JSON object on a line; raises LineFault."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineFault(_reason(line, error)) from None
    if not isinstance(value, dict):
        raise LineFault(f'holds {type_name(value)}, not an object; write {{"question": …}}')
    return value


def exact(line: bytes, field: str, value: Any) -> Any:
    """The value of a field, in which a whole number beyond 64 bits becomes its digits as text.

    The fast parser rounds such numbers to floats; this one reads that line again.
    """
    if isinstance(value, float) and abs(value) >= 2**63:
        again = json.loads(line, parse_int=str).get(field)
        return again if isinstance(again, str) else value
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
    return names.get(type(value), "null")


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
    return f"is not JSON at column {error.colno}: {message}; write one JSON object a line"


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
        json.loads(text, parse_constant=found.append)
    except (ValueError, RecursionError):
        return None
    return found[0] if found else None
