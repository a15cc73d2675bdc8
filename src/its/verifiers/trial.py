"""One program against tests: two sandboxes that share nothing, and what passes between them.

Tests run in one sandbox. For each test the program runs in a fresh one of its own, which holds no
test; calls go to it, results come back, as plain data. The verdict comes from the tests' side.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from its.verifiers.confinement import Confined, Gone, confined
from its.verifiers.limits import Limits

_SLACK = 5.0
"""Seconds that starting a sandbox may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Tests of one program: Python texts, each for itself; `setup` runs before each of them,
    beside the test. `entry_point` is the name under test, where it is known."""

    tests: tuple[str, ...]
    setup: str = ""
    entry_point: str | None = None


Result = tuple[bool, str]
"""Whether a test was passed, and in plain words why not."""


def try_out(interpreter: str, program: str, suite: Suite, limits: Limits) -> list[Result]:
    """A result for each test, in order."""
    results: list[Result] = []
    while len(results) < len(suite.tests):
        left = suite.tests[len(results) :]
        got, ended = _session(interpreter, program, suite, left, limits)
        results += got
        if ended:
            continue
        if not got and results and results[-1][1] == _LOST:
            results += [(False, _LOST)] * (len(suite.tests) - len(results))
            break
        results.append((False, _LOST))
    return results


_LOST = "the test took too long, or broke its own process"


def _session(
    interpreter: str, program: str, suite: Suite, tests: Sequence[str], limits: Limits
) -> tuple[list[Result], bool]:
    """Results until the tests' side ends, which may be before the last test; and whether it ended
    as it should: behind the last test, or behind one that had to be stopped."""
    results: list[Result] = []
    with confined(interpreter, "tests_side", limits) as judge:
        judge.send(b"S", _start(interpreter, limits) | {
            "tests": list(tests), "setup": suite.setup, "entry_point": suite.entry_point,
            "seconds": limits.seconds + _SLACK,
        })  # fmt: skip
        try:
            for _ in tests:
                result, goes_on = _one(judge, interpreter, program, limits)
                results.append(result)
                if (fault := _broken(results)) is not None:
                    return results + [fault] * (len(tests) - len(results)), True
                if not goes_on:
                    return results, True
        except Gone:
            return results, False
    return results, True


_UNLOADED = "the program does not run: "


def _broken(results: list[Result]) -> Result | None:
    """A program that cannot even be loaded passes nothing: the other tests need no process."""
    return results[-1] if results[-1][1].startswith(_UNLOADED) else None


def _one(judge: Confined, interpreter: str, program: str, limits: Limits) -> tuple[Result, bool]:
    """Carry requests and replies between the two until there is a verdict; and whether the tests'
    side goes on behind it. Raises Gone where that went."""
    deadline = time.monotonic() + limits.seconds + _SLACK
    judge.receive(b"T", deadline)
    with confined(interpreter, "program_side", limits) as holder:
        loaded = True
        try:
            holder.send(b"P", _start(interpreter, limits) | {"program": program})
            _, reply = holder.receive(b"R", time.monotonic() + limits.seconds)
            loaded = b'"raised":' not in reply[:12]
        except Gone as gone:
            loaded, reply = False, _failure(gone)
        deadline = time.monotonic() + limits.seconds
        judge.forward(b"R", reply if loaded else _as_failure(reply))
        while True:
            letter, content = judge.receive(b"QV", deadline + _SLACK)
            if letter == b"V":
                return _verdict(content, loaded)
            try:
                holder.forward(letter, content)
                letter, reply = holder.receive(b"RC", deadline)
            except Gone as gone:
                letter, reply = b"G", json.dumps(str(gone)).encode()
            judge.forward(letter, reply)


def _start(interpreter: str, limits: Limits) -> dict[str, Any]:
    return {"limits": limits.of_process(), "path": limits.packages_of(interpreter)}


def _failure(gone: Gone) -> bytes:
    return json.dumps({"raised": ["Ended", str(gone)]}).encode()


def _as_failure(reply: bytes) -> bytes:
    """The program's own word on why it does not run, kept only where it is of the right form."""
    try:
        names = [str(part)[:300] for part in json.loads(reply)["raised"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        names = ["Error", "it failed"]
    return json.dumps({"raised": [names[0], names[-1]]}).encode()


def _verdict(content: bytes, loaded: bool) -> tuple[Result, bool]:
    try:
        said = json.loads(content)
        passed, reason = said["passed"] is True and loaded, str(said["reason"])[:300]
        goes_on = said["ended"] is True
    except (ValueError, TypeError, KeyError, RecursionError):
        return (False, _LOST), False
    return (passed, reason if loaded else _UNLOADED + reason), goes_on
