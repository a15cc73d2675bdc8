"""Programs that read standard input and print, against pairs of input and expected output."""

from __future__ import annotations

import math
from collections.abc import Sequence

from its.verifiers.checkers import CheckResult
from its.verifiers.limits import Limits
from its.verifiers.sandbox import run

_SECONDS, _CPU_SECONDS = 24.0, 6
_NEAR = 1e-6


async def run_pairs(program: str, pairs: Sequence[tuple[str, str]]) -> CheckResult:
    """Run a program once on each input, each time in a sandbox of its own, until one output is
    wrong. Expected outputs stay outside. Raises SandboxUnavailable."""
    for number, (given, expected) in enumerate(pairs, start=1):
        limits = Limits(
            seconds=_SECONDS,
            cpu_seconds=_CPU_SECONDS,
            output_bytes=2 * len(expected.encode()) + (1 << 16),
        )
        outcome = await run(program, given, limits)
        if outcome.status != "ended":
            return CheckResult(False, f"test {number} of {len(pairs)}: {outcome.reason[:200]}")
        if not same_output(outcome.output, expected):
            shown = " ".join(outcome.output.split())[:80]
            return CheckResult(False, f"test {number} of {len(pairs)}: printed {shown!r}")
    return CheckResult(bool(pairs), f"{len(pairs)} of {len(pairs)} tests passed")


def same_output(printed: str, expected: str) -> bool:
    """Whether two outputs agree word for word, line by line; spaces at ends, empty lines, and a
    millionth of a decimal number apart."""
    ours, theirs = _lines(printed), _lines(expected)
    return len(ours) == len(theirs) and all(
        len(a) == len(b) and all(map(_same_word, a, b)) for a, b in zip(ours, theirs, strict=True)
    )


def _lines(text: str) -> list[list[str]]:
    return [words for line in text.splitlines() if (words := line.split())]


def _same_word(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if "." not in theirs:
        return False
    try:
        return math.isclose(float(ours), float(theirs), rel_tol=_NEAR, abs_tol=_NEAR)
    except ValueError:
        return False
