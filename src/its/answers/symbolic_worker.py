"""A process that compares two expressions symbolically, one JSON line in, one out.

It is a process of its own because the comparison uses signals, may hang and may take any amount
of memory. Three limits hold it: processor time a comparison (so that a busy machine changes no
verdict), wall time (the kernel ends the process, even inside a long C call) and memory. It ends
when its input does, which is when its parent ends, however that happens.
"""

from __future__ import annotations

import logging
import resource
import signal
import sys
from contextlib import suppress
from types import FrameType

import orjson
from math_verify import parse, verify

from its.answers.symbolic import READY

_MEMORY = 4 * 1024**3


class _OutOfTime(BaseException):
    """Not an Exception, so that no handler below swallows it."""


def main(cpu_seconds: float, wall_seconds: float) -> None:
    """Say READY, then answer each pair [a, b] with true, false, or null for undecided."""
    signal.signal(signal.SIGVTALRM, _out_of_time)
    with suppress(ValueError, OSError):  # not every system limits memory
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    logging.disable(logging.CRITICAL)
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that a library prints gets between the replies
    out.write(READY)
    out.flush()
    for line in sys.stdin.buffer:
        a, b = orjson.loads(line)
        signal.setitimer(signal.ITIMER_REAL, wall_seconds)
        same = _within(cpu_seconds, a, b)
        signal.setitimer(signal.ITIMER_REAL, 0)
        out.write(orjson.dumps(same) + b"\n")
        out.flush()


def _within(cpu_seconds: float, a: str, b: str) -> bool | None:
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, cpu_seconds)
        try:
            return _same(a, b)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except (_OutOfTime, Exception):
        return None


def _same(a: str, b: str) -> bool | None:
    """Both ways round, so that the order does not matter; None where one cannot be read."""
    first, second = (parse(f"${text}$", parsing_timeout=None) for text in (a, b))
    if not first or not second:
        return None
    return bool(
        verify(first, second, timeout_seconds=None) or verify(second, first, timeout_seconds=None)
    )


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise _OutOfTime


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
