"""Exact checkers for structured answers: a pattern, a JSON schema, a choice, a value.

A pattern or a schema meets text that a model wrote, and a regular expression can take time without
end on it; both therefore run in a process of their own under a time limit.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from its.answers import Comparer
from its.candidates import Answer
from its.errors import ConfigurationError

SECONDS = 20.0
"""By the clock, on a machine however busy; the worker limits its own processor time."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether a text passes, and in plain words why not; `passed` is None where that could not
    be found out (in time)."""

    passed: bool | None
    reason: str


async def matches(text: str, pattern: str) -> CheckResult:
    """Whether the whole text matches a regular expression."""
    return await _in_worker({"check": "pattern", "pattern": pattern, "text": text.strip()})


async def fits_schema(text: str, schema: Mapping[str, Any]) -> CheckResult:
    """Whether a text is JSON (in a fence or bare) that fits a JSON schema.

    Raises ConfigurationError where the `schema` extra is not installed.
    """
    if find_spec("jsonschema") is None:
        raise ConfigurationError(
            "a JSON schema is checked with jsonschema; install its[schema] to have it"
        )
    return await _in_worker({"check": "schema", "schema": schema, "text": _unfenced(text)})


def is_choice(text: str, choices: Sequence[str]) -> CheckResult:
    """Whether a text is one of the choices, whatever its letter case and outer white space."""
    plain = " ".join(text.split()).casefold()
    passed = any(plain == " ".join(choice.split()).casefold() for choice in choices)
    return CheckResult(passed, "one of the choices" if passed else f"none of {', '.join(choices)}")


async def is_equivalent(answer: Answer, value: str) -> CheckResult:
    """Whether an answer is mathematically equivalent to a value."""
    async with Comparer() as comparer:
        passed = await comparer.decide(answer, Answer(value, answer.kind))
    return CheckResult(passed, f"{'is' if passed else 'is not'} equivalent to {value}")


def check_pattern(pattern: str) -> None:
    """Raises ConfigurationError for what is no regular expression."""
    import re

    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigurationError(
            f"{pattern!r} is not a regular expression: {error}; correct the pattern"
        ) from None


async def _in_worker(case: dict[str, Any]) -> CheckResult:
    worker = str(files("its.verifiers").joinpath("checking_worker.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        worker,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await process.communicate(json.dumps(case).encode())
    except TimeoutError:
        return CheckResult(None, "checking took too long")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        verdict = json.loads(output)
        return CheckResult(bool(verdict["passed"]), str(verdict["reason"]))
    except (ValueError, TypeError, KeyError):
        return CheckResult(None, "checking took too long, or too much memory")


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped.removesuffix("```").split("\n", 1)[-1]
    return stripped
