"""A process that compares expressions symbolically: a JSON line in, a forked child, a line out.

A child is a process of its own because the comparison uses signals, may hang and may take any
amount of memory. Three limits hold it: processor time (so that a busy machine changes no verdict),
with the kernel's hand behind it even inside a long C call, and memory. The process ends when its
input does, which is when its parent ends, however that happens.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

import orjson
from math_verify import LatexExtractionConfig, parse, verify

from its.answers.symbolic import READY

_MEMORY = 4 * 1024**3
_GRACE = 0.15
"""Seconds that a child has to notice the end of its time, before the kernel ends it."""

_WARMING = (
    (r"x + 1 < y^2", r"y^{2} > 1 + x"),
    (r"\frac{x}{\sqrt{2}} - 3 = 0", r"2x - 6\sqrt{2} = 0"),
    (r"x \in (-\infty, 1] \cup [2, 3)", r"(-\infty,1]\cup[2,3)"),
    (r"\begin{pmatrix} 1 \\ a \end{pmatrix}", r"\{1, \sin(a), \log_2 b\}"),
)
"""What is compared once before all else, so that the children find the parser's tables filled."""

_children: dict[int, tuple[int, float]] = {}


class _OutOfTime(BaseException):
    """Not an Exception, so that no handler below swallows it."""


def main() -> None:
    """Say READY, then reply [number, same, seconds, out of time] to each [number, a, b, seconds],
    as each gets done; `same` is null for undecided."""
    with suppress(ValueError, OSError):  # not every system limits memory
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    logging.disable(logging.CRITICAL)
    sys.stdout = sys.stderr  # nothing that a library prints gets between the replies
    signal.signal(signal.SIGVTALRM, _out_of_time)
    signal.signal(signal.SIGCHLD, _children_ended)
    for a, b in _WARMING:
        _within(1.0, a, b)
    gc.freeze()
    os.write(1, READY)
    for line in sys.stdin.buffer:
        number, a, b, seconds = orjson.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if pid == 0:
            _answer(number, a, b, seconds)
        _children[pid] = number, seconds
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _answer(number: int, a: str, b: str, seconds: float) -> None:
    """What a child does: it replies, and goes without a word to anything it inherited."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds + _GRACE)  # ends the process
        same, out_of_time = _within(seconds, a, b)
        os.write(1, orjson.dumps([number, same, time.process_time(), out_of_time]) + b"\n")
        status = 0
    finally:
        os._exit(status)


def _children_ended(_number: int, _frame: FrameType | None) -> None:
    """Reply for each child that was ended before it did."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        number, seconds = _children.pop(pid)
        if status != 0:
            timed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
            os.write(1, orjson.dumps([number, None, seconds, timed]) + b"\n")


def _within(seconds: float, a: str, b: str) -> tuple[bool | None, bool]:
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            return _same(a, b), False
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except _OutOfTime:
        return None, True
    except Exception:
        return None, False


def _same(a: str, b: str) -> bool | None:
    """Both ways round, so that the order does not matter; None where one cannot be read whole."""
    first, second = (_parsed(text) for text in (a, b))
    if not first or not second:
        return None
    return bool(
        verify(first, second, timeout_seconds=None) or verify(second, first, timeout_seconds=None)
    )


def _parsed(text: str) -> list[object]:
    """The expression of a whole text: never of its last number alone, or as the text it is."""
    config = LatexExtractionConfig(boxed_match_priority=-1)
    found: list[object] = parse(
        f"${text}$", [config], fallback_mode="no_fallback", parsing_timeout=None
    )
    return found


def _out_of_time(_number: int, _frame: FrameType | None) -> None:
    raise _OutOfTime


if __name__ == "__main__":
    main()
