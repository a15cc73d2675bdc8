"""Running untrusted programs, inside bubblewrap.

A program sees a read-only system, a small scratch directory and no network, in user, process,
network and file-system namespaces of its own, under limits on time, memory, processes, files and
output. Nothing runs where this cannot be had: `SandboxUnavailable` then says what is missing.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from its.errors import SandboxUnavailable
from its.verifiers.confinement import OUT_OF_CPU, launch, resident
from its.verifiers.limits import MEGABYTE, Limits

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")
PROGRAM_LIMITS = Limits()
Status = Literal["ended", "failed", "timeout", "memory", "output"]


@dataclass(frozen=True, slots=True)
class Execution:
    """How a program ended. `reason` is a plain sentence wherever it did not end by itself with
    exit status 0."""

    status: Status
    exit_code: int | None
    output: str
    errors: str
    seconds: float
    reason: str = ""


async def run(program: str, stdin: str = "", limits: Limits = PROGRAM_LIMITS) -> Execution:
    """Run a Python program; at most one a processor core at a time.

    Raises SandboxUnavailable where bubblewrap is absent or not permitted.
    """
    return await in_turn(_run, program, stdin, limits)


async def in_turn(
    work: Callable[[str, str, _Given, Limits], _Made], program: str, given: _Given, limits: Limits
) -> _Made:
    """Do what runs a program; at most one a processor core at a time."""
    interpreter = await asyncio.to_thread(available_interpreter)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_POOL, work, interpreter, program, given, limits)


@lru_cache(maxsize=1)
def available_interpreter() -> str:
    """The Python that runs programs in the sandbox, tried once with an empty program.

    Raises SandboxUnavailable with the reason and the fix.
    """
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        raise SandboxUnavailable(
            "programs are not run without a sandbox, and bubblewrap is not installed; install it "
            "(on Debian: apt-get install bubblewrap)"
        )
    base = os.path.realpath(os.path.join(sys.base_prefix, "bin", "python3"))
    reason = "no Python interpreter was found"
    for interpreter in dict.fromkeys((base, "/usr/bin/python3", "/usr/local/bin/python3")):
        if not os.path.exists(interpreter):
            continue
        outcome = _run(interpreter, "print('ready')", "", Limits())
        if outcome.status == "ended" and outcome.output == "ready\n":
            return interpreter
        reason = outcome.errors.strip().splitlines()[-1] if outcome.errors.strip() else reason
    raise SandboxUnavailable(
        f"programs are not run without a sandbox, and bubblewrap cannot start one here ({reason}); "
        "it needs bubblewrap 0.8 or newer and permission to create user namespaces"
    )


_POOL = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="sandbox")
_LOOK_EVERY = 0.02

# Inside the sandbox, so that limits on processes count this sandbox's own alone.
_LAUNCHER = """
import os, resource, sys
cpu, memory, processes, size, program = sys.argv[1:]
for limit, most in (
    (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 64),
    (resource.RLIMIT_FSIZE, int(size)), (resource.RLIMIT_AS, int(memory)),
    (resource.RLIMIT_NPROC, int(processes)),
):
    resource.setrlimit(limit, (most, most))
resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 1))
os.execv(sys.executable, [sys.executable, "-I", "-B", program])
"""


def _run(interpreter: str, program: str, stdin: str, limits: Limits) -> Execution:
    started = time.monotonic()
    command = [
        *(interpreter, "-I", "-S", "-c", _LAUNCHER, str(limits.cpu_seconds)),
        *(str(limits.memory_mb * MEGABYTE), str(limits.processes)),
        *(str(limits.scratch_mb * MEGABYTE), "/program.py"),
    ]
    sources = {"/program.py": program.encode("utf-8", "replace")}
    process = launch(command, interpreter, sources, limits)
    with process:
        watch = _Watch(process, limits, started + limits.seconds)
        try:
            watch.follow(stdin.encode("utf-8", "replace"))
        finally:
            process.kill()
    return watch.outcome(time.monotonic() - started)


class _Watch:
    """Feeds a process, collects its output up to the limit, and ends it at the first breach."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits, deadline: float) -> None:
        self._process = process
        self._limits = limits
        self._deadline = deadline
        self._collected = {"output": bytearray(), "errors": bytearray()}
        self._breach: tuple[Status, str] | None = None

    def follow(self, stdin: bytes) -> None:
        process, pending = self._process, memoryview(stdin)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        with selectors.DefaultSelector() as selector:
            for stream, name in ((process.stdout, "output"), (process.stderr, "errors")):
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, name)
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE, "input")
            while selector.get_map() and self._breach is None:
                for key, _ in selector.select(_LOOK_EVERY):
                    if key.data == "input":
                        pending = self._feed(pending)
                        finished = not pending
                    else:
                        finished = not self._collect(key.fd, key.data)
                    if finished:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr]
                self._check()
        while self._breach is None and process.poll() is None:
            time.sleep(_LOOK_EVERY)
            self._check()
        if self._breach is not None:
            process.kill()
        process.wait()

    def _feed(self, pending: memoryview) -> memoryview:
        assert self._process.stdin is not None
        try:
            return pending[os.write(self._process.stdin.fileno(), pending[:65536]) :]
        except BrokenPipeError:
            return memoryview(b"")

    def _collect(self, descriptor: int, name: str) -> int:
        data = os.read(descriptor, 65536)
        collected = self._collected[name]
        collected.extend(data[: self._limits.output_bytes - len(collected)])
        if len(data) and len(collected) >= self._limits.output_bytes:
            self._breach = (
                "output",
                f"it wrote more than {self._limits.output_bytes} bytes and was ended",
            )
        return len(data)

    def _check(self) -> None:
        if self._breach is not None:
            return
        if time.monotonic() > self._deadline:
            self._breach = ("timeout", f"it ran for {self._limits.seconds:g} seconds and was ended")
        elif resident(self._process.pid) > self._limits.memory_mb * MEGABYTE:
            self._breach = ("memory", f"it used over {self._limits.memory_mb} MB and was ended")

    def outcome(self, seconds: float) -> Execution:
        output, errors = (
            self._collected[name].decode("utf-8", "replace") for name in ("output", "errors")
        )
        code = self._process.returncode
        if self._breach is not None:
            status, reason = self._breach
            return Execution(status, None, output, errors, seconds, reason)
        if code == 0:
            return Execution("ended", 0, output, errors, seconds)
        if code == OUT_OF_CPU:
            reason = f"it used {self._limits.cpu_seconds} seconds of CPU and was ended"
            return Execution("timeout", code, output, errors, seconds, reason)
        last = errors.strip().splitlines()[-1:] or [f"it ended with exit status {code}"]
        memory = last[0].startswith("MemoryError")
        reason = f"it asked for more than {self._limits.memory_mb} MB" if memory else last[0]
        return Execution("memory" if memory else "failed", code, output, errors, seconds, reason)
