"""Programs against tests, in the sandbox."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from its.verifiers.sandbox import Limits, Outcome, run

TEST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class TestReport:
    """Which tests a program passed, and in plain words what became of it."""

    passed: tuple[bool, ...]
    reason: str

    @property
    def share(self) -> float:
        """Tests passed, from 0 to 1."""
        return sum(self.passed) / len(self.passed) if self.passed else 0.0


async def run_tests(program: str, tests: Sequence[str], limits: Limits | None = None) -> TestReport:
    """Run a program once a test, each time in a process of its own, and say which tests it passed.

    A test is Python text, such as an assertion. It is passed when program and test run to their
    end; leaving early (`sys.exit`) is no pass. Raises SandboxUnavailable.
    """
    token = secrets.token_hex(8)
    limits = limits or Limits(seconds=5 + TEST_SECONDS * len(tests))
    case = json.dumps(
        {"program": program, "tests": list(tests), "seconds": TEST_SECONDS, "token": token}
    )
    outcome = await run(_HARNESS, case, limits)
    passed = _read(outcome, len(tests))
    if outcome.status != "ended":
        return TestReport(passed, outcome.reason)
    failures = [line for line in outcome.errors.splitlines() if line]
    summary = f"{sum(passed)} of {len(tests)} tests passed"
    return TestReport(passed, f"{summary}; first failure: {failures[0]}" if failures else summary)


def program_in(text: str) -> str:
    """The program in a reply: its last fenced block, else the text itself."""
    blocks = re.findall(r"^```(?:python|py)?[ \t]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return blocks[-1] if blocks else text


def assertions_in(text: str, most: int) -> list[str]:
    """Assertions that stand on one line each in a reply, without repetition, at most so many."""
    lines = (line.strip() for line in program_in(text).splitlines())
    return list(dict.fromkeys(line for line in lines if line.startswith("assert ")))[:most]


def _read(outcome: Outcome, tests: int) -> tuple[bool, ...]:
    """A line a test, 1 or 0; a test without its line was not passed."""
    lines = outcome.output.split()[:tests]
    return tuple(line == "1" for line in lines) + (False,) * (tests - len(lines))


# A process a test: what one leaves behind or breaks, the next does not see. The token, which only
# a test that ran to its end sends back, tells a pass from a process that ended itself.
_HARNESS = r"""
import json, os, select, signal, sys, time

case = json.load(sys.stdin)
for test in case["tests"]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setpgid(0, 0)
        silent = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(silent, standard)
        try:
            scope = {"__name__": "__test__"}
            exec(compile(case["program"], "program", "exec"), scope)
            exec(compile(test, "test", "exec"), scope)
            os.write(writer, case["token"].encode())
        except BaseException as fault:
            last = f"{type(fault).__name__}: {str(fault)[:200]}"
            os.write(writer, last.encode("utf-8", "replace"))
        os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], case["seconds"])
    said = os.read(reader, 1000) if ready else b"it took too long"
    os.close(reader)
    for target in (-pid, pid):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            pass
    os.waitpid(pid, 0)
    passed = said == case["token"].encode()
    print(int(passed), flush=True)
    if not passed:
        reason = " ".join((said or b"it ended itself").decode("utf-8", "replace").split())
        print(f"{test[:120]!r}: {reason}", file=sys.stderr, flush=True)
"""
