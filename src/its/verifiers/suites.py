"""The tests that a row holds, made ready to run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from its.verifiers.extracting import entry_point_of, header_of
from its.verifiers.trial import Suite


def suite_of(data: Mapping[str, Any], prompt: str) -> Suite | None:
    """The tests of a row; None where it holds inputs and what is printed for them instead.

    What the prompt gives before the entry point is there beside the tests.
    """
    if data.get("pairs") is not None:
        function = data.get("function")
        return None if function is None else Suite(tuple(_calls(data)), "", str(function))
    tests = [str(test) for test in data.get("tests") or ()]
    entry_point = data.get("entry_point")
    if entry_point is None:
        entry_point = entry_point_of(tests)
    if (test := data.get("test")) is not None:
        call = f"\ncheck({entry_point})\n" if re.search(r"^def check\(", str(test), re.M) else ""
        tests.append(f"{test}{call}")
    imports = "\n".join(str(line) for line in data.get("imports") or ())
    setup = f"{header_of(prompt, entry_point)}{imports}\n{data.get('setup') or ''}\n"
    return Suite(tuple(tests), setup, entry_point)


def pairs_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Inputs, and what is to be printed for them."""
    return [(_text(given), _text(expected)) for given, expected in data["pairs"]]


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value)


def _calls(data: Mapping[str, Any]) -> list[str]:
    """Pairs of arguments and result as assertions. A result may be given in a list of one."""
    name = str(data["function"])
    tests = []
    for given, expected in data["pairs"]:
        arguments = given
        if isinstance(given, str):
            arguments = [_value_in(line) for line in given.splitlines() if line.strip()]
        result = _value_in(expected) if isinstance(given, str) else expected
        callee = (
            f"(Solution().{name} if 'Solution' in globals() else {name})"
            if name.isidentifier()
            else name
        )
        tests.append(
            f"given = {callee}(*{arguments!r})\n"
            "given = list(given) if isinstance(given, tuple) else given\n"
            f"assert given == {result!r} or [given] == {result!r}"
        )
    return tests


def _value_in(text: object) -> object:
    """The JSON value that a text holds, else the text itself."""
    if not isinstance(text, str):
        return text
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value
