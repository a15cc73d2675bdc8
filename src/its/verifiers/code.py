"""Programs against tests, in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from its.verifiers.extracting import program_in
from its.verifiers.limits import Limits
from its.verifiers.sandbox import in_turn
from its.verifiers.trial import Suite, try_out

TEST_LIMITS = Limits(seconds=12, cpu_seconds=3)
"""By the clock on a machine however busy; a test's own time is that of the processor."""


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Which tests a program passed, and in plain words what became of it."""

    passed: tuple[bool, ...]
    reason: str

    @property
    def share(self) -> float:
        """Tests passed, from 0 to 1."""
        return sum(self.passed) / len(self.passed) if self.passed else 0.0


async def run_tests(
    program: str, tests: Sequence[str] | Suite, limits: Limits = TEST_LIMITS
) -> TrialReport:
    """Run a program once for each test, each time in a sandbox of its own that holds no test.

    A test is Python text, such as an assertion, and is passed when it runs to its end. The limits
    are those of one test. Raises SandboxUnavailable.
    """
    suite = tests if isinstance(tests, Suite) else Suite(tuple(tests))
    results = await in_turn(try_out, program, suite, limits)
    passed = tuple(passed for passed, _ in results)
    summary = f"{sum(passed)} of {len(passed)} tests passed"
    for test, (right, reason) in zip(suite.tests, results, strict=True):
        if not right:
            shown = "" if "\n" in test.strip() else f"{test.strip()[:120]!r}: "
            return TrialReport(passed, f"{summary}; first failure: {shown}{reason}")
    return TrialReport(passed, summary)


def assertions_in(text: str, most: int) -> list[str]:
    """Assertions that stand on one line each in a reply, without repetition, at most so many."""
    lines = (line.strip() for line in program_in(text).splitlines())
    return list(dict.fromkeys(line for line in lines if line.startswith("assert ")))[:most]
