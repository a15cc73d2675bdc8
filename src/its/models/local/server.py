"""Starting and ending the child process that runs llama.cpp."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile
from typing import IO

from its.errors import EndpointError
from its.models.local.gguf_file import GgufFile
from its.models.local.machine import Serving

START_WITHIN = 600.0
"""Seconds: reading a large file from a slow disk takes minutes."""
END_WITHIN = 5.0
_REASON = re.compile(r"(?:error loading model|failed to load model|error)[^:\n]*: *([^\n]{3,300})")
_KILLED = -9


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers: its address (ending in /v1) and its key."""

    base_url: str
    key: str
    process: Process

    @property
    def ended(self) -> bool:
        return self.process.returncode is not None

    async def stop(self) -> None:
        """End it, and wait until it is gone."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), END_WITHIN)
        except TimeoutError:
            await _kill(self.process)


async def start_server(file: GgufFile, alias: str, how: Serving) -> RunningServer:
    """Start llama.cpp with this model and wait until it is loaded. Raises EndpointError."""
    key = secrets.token_urlsafe(24)
    with TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "its.models.local.serve"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the run, which lets calls in flight end
        )
        try:
            address = await asyncio.wait_for(_ready(process, file, alias, how, key), START_WITHIN)
        except TimeoutError:
            await _kill(process)
            raise EndpointError(
                f"{file.path} was not loaded within {START_WITHIN:g} s: move it to a faster disk, "
                "or take a smaller model"
            ) from None
        except BaseException:
            await _kill(process)
            raise
        if not address:
            raise EndpointError(_failure(file, await process.wait(), log))
    return RunningServer(f"{address}/v1", key, process)


async def _ready(process: Process, file: GgufFile, alias: str, how: Serving, key: str) -> str:
    """Its address; empty where it ended instead."""
    assert process.stdin is not None
    assert process.stdout is not None
    settings = {"path": str(file.path), "alias": alias, "key": key, **asdict(how)}
    with suppress(ConnectionError):
        process.stdin.write(json.dumps(settings).encode() + b"\n")
        await process.stdin.drain()
    while line := await process.stdout.readline():
        if line.startswith(b"http://"):
            return line.decode().strip()
    return ""


def _failure(file: GgufFile, code: int, log: IO[bytes]) -> str:
    """Why it ended, as far as its log says: llama.cpp's own words, or the system's."""
    if code == _KILLED:
        return f"llama.cpp was killed while it loaded {file.path}: it may need more memory"
    log.seek(0)
    found = _REASON.search(log.read().decode("utf-8", "replace"))
    said = f" ({''.join(filter(str.isprintable, found[1])).strip()})" if found else ""
    return (
        f"llama.cpp could not load {file.path}{said}: update it with "
        "pip install -U xllamacpp, or download the file again"
    )


async def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
