"""The parent's side of symbolic comparison: one process that forks a child for each question.

It is started when first needed, and again when it died. Questions run beside each other, so one
that takes its whole time keeps no other waiting.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass

import orjson

from its.answers.parsing import FUNCTIONS, GREEK

READY = b"ready\n"
_MOST_AT_ONCE = 8
_KNOWN = FUNCTIONS | GREEK | frozenset(
    ("frac", "sqrt", "binom", "le", "ge", "lt", "gt", "ne", "cup", "cap", "in", "infty", "pm",
     "mp", "emptyset", "setminus", "mathbb", "left", "right", "sum", "prod", "int", "lim", "to",
     "partial", "lfloor", "rfloor", "lceil", "rceil", "begin", "end", "overline", "log")
)  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ENVIRONMENT = re.compile(r"\\(?:begin|end) ?\{([a-z]+\*?)\}")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FOREIGN = re.compile(r"\.\.|[:;?@#~\"'`]|[^\x00-\x7f]|\\text|^\W*$")
_TOWER = re.compile(r"\^ ?\{[^{}]*\^ ?\{[^{}]*\^")
_INDEXED = re.compile(r"\\(?:sum|prod|int|lim)")
_LIMIT = re.compile(r"\\(?:sum|prod|int|lim) ?_ ?(?:\{[^{}]*\}|\w)")


@dataclass(frozen=True, slots=True)
class SymbolicReply:
    """What a comparison came to: None where it stayed undecided, and the processor time it took."""

    same: bool | None
    seconds: float
    out_of_time: bool = False


def symbolic_available() -> bool:
    """Whether the `math` extra is installed."""
    return importlib.util.find_spec("math_verify") is not None


def is_mathematics(text: str) -> bool:
    """Whether a tidied text is mathematics from end to end, so that nothing of it gets lost where
    it is parsed: known commands, single letters, no sum over terms with an index, and no tower of
    powers, whose size has no bound."""
    if _FOREIGN.search(text) or _TOWER.search(text) or not set(_COMMAND.findall(text)) <= _KNOWN:
        return False
    if any("matrix" not in name for name in _ENVIRONMENT.findall(text)):
        return False
    if _INDEXED.search(text) and "_" in _LIMIT.sub("", text):
        return False
    bare = _COMMAND.sub(" ", _ENVIRONMENT.sub(" ", text))
    return all(len(word) == 2 or word in FUNCTIONS for word in _WORD.findall(bare))


class SymbolicWorker:
    """Asks a process whether two expressions are equal, several at the same time.

    A comparison gets `cpu_seconds` of processor time; if that does not stop it, the kernel ends
    its child a little later, and the pair stays undecided.
    """

    def __init__(self, cpu_seconds: float = 2.0) -> None:
        self._cpu_seconds = cpu_seconds
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._waiting: dict[int, asyncio.Future[SymbolicReply]] = {}
        self._asked = 0
        self._broken = False

    @property
    def pid(self) -> int | None:
        """The process's id while one runs."""
        return None if self._process is None else self._process.pid

    async def same(self, a: str, b: str) -> bool | None:
        """Whether two expressions in LaTeX are equal; None where that stays undecided."""
        return (await self.ask(a, b, self._cpu_seconds)).same

    async def ask(self, a: str, b: str, seconds: float) -> SymbolicReply:
        """The same, with so much processor time and what was used of it."""
        async with self._places:
            process = await self._running()
            if process is None or process.stdin is None:
                return SymbolicReply(None, 0.0)
            self._asked += 1
            number = self._asked
            answered: asyncio.Future[SymbolicReply] = asyncio.get_running_loop().create_future()
            self._waiting[number] = answered
            pair = [text.encode("utf-8", "replace").decode() for text in (a, b)]
            try:
                process.stdin.write(orjson.dumps([number, *pair, seconds]) + b"\n")
                await process.stdin.drain()
                return await answered
            except (BrokenPipeError, ConnectionResetError):
                return SymbolicReply(None, 0.0)
            finally:
                self._waiting.pop(number, None)

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its children too
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        if self._reading is not None:
            await self._reading

    async def _running(self) -> Process | None:
        """A process that said it is ready; always None after one that could not start."""
        async with self._starting:
            if self._broken or (self._process is not None and self._process.returncode is None):
                return self._process
            await self.close()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "its.answers.symbolic_worker"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={**os.environ, "PYTHONHASHSEED": "0"},  # the same verdict in every run
                start_new_session=True,  # Ctrl-C is for the parent alone
            )
            self._process = process
            assert process.stdout is not None
            try:
                self._broken = await process.stdout.readline() != READY
            except BaseException:  # nobody would read what a process replies that is half started
                await self.close()
                raise
            if self._broken:
                await self.close()
                return None
            self._reading = asyncio.create_task(self._read(process, process.stdout))
            return process

    async def _read(self, process: Process, replies: asyncio.StreamReader) -> None:
        """Hand each reply to the one who waits; all stay undecided where the process ends."""
        while line := await replies.readline():
            number, same, seconds, out_of_time = orjson.loads(line)
            waiting = self._waiting.get(number)
            if waiting is not None and not waiting.done():
                waiting.set_result(SymbolicReply(same, seconds, out_of_time))
        await process.wait()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(SymbolicReply(None, 0.0))
