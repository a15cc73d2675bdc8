"""The parent's side of symbolic comparison: a worker process that is started when first needed."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import orjson

READY = b"ready\n"


def symbolic_available() -> bool:
    """Whether the `math` extra is installed."""
    return importlib.util.find_spec("math_verify") is not None


class SymbolicWorker:
    """Asks a worker process one comparison at a time, and replaces it when it dies.

    A comparison gets `cpu_seconds` of the worker's processor time; if even that limit does not
    stop it, its process is ended after ten times as many seconds and the pair stays undecided.
    """

    def __init__(self, cpu_seconds: float = 2.0) -> None:
        self._cpu_seconds = cpu_seconds
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._broken = False

    @property
    def pid(self) -> int | None:
        """The process's id while one runs."""
        return None if self._process is None else self._process.pid

    async def same(self, a: str, b: str) -> bool | None:
        """Whether two expressions in LaTeX are equal; None where that stays undecided."""
        async with self._turn:
            try:
                process = await self._running()
                return None if process is None else await self._ask(process, a, b)
            except BaseException:
                await self._stop()  # an answer that nobody waited for must not be the next one's
                raise

    async def close(self) -> None:
        await self._stop()

    async def _running(self) -> Process | None:
        """A worker that said it is ready; None for ever after one that could not start."""
        if self._broken or (self._process is not None and self._process.returncode is None):
            return self._process
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "its.answers.symbolic_worker"),
            *(str(self._cpu_seconds), str(10 * self._cpu_seconds)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the same verdict in every run
            start_new_session=True,  # Ctrl-C is for the parent alone
        )
        assert self._process.stdout is not None
        if await self._process.stdout.readline() != READY:
            self._broken = True
            await self._stop()
        return self._process

    async def _ask(self, process: Process, a: str, b: str) -> bool | None:
        assert process.stdin is not None
        assert process.stdout is not None
        pair = [text.encode("utf-8", "replace").decode() for text in (a, b)]
        try:
            process.stdin.write(orjson.dumps(pair) + b"\n")
            await process.stdin.drain()
            reply = await process.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            reply = b""
        if not reply:
            await self._stop()
            return None
        same: bool | None = orjson.loads(reply)
        return same

    async def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()
