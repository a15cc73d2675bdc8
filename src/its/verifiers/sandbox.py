"""Running programs that nobody has read, inside bubblewrap.

A program sees a read-only system, a small scratch directory and no network, in user, process,
network and file-system namespaces of its own, under limits on time, memory, processes, files and
output. Nothing runs where this cannot be had: `SandboxUnavailable` then says what is missing.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from its.errors import SandboxUnavailable

Status = Literal["ended", "failed", "timeout", "memory", "output"]
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: seconds of the clock, of each process's CPU; megabytes of memory
    for all its processes together and of its scratch directory; processes; bytes of output."""

    seconds: float = 10.0
    cpu_seconds: int = 10
    memory_mb: int = 512
    scratch_mb: int = 16
    processes: int = 16
    output_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended. `reason` is a plain sentence wherever it did not end by itself with
    exit status 0."""

    status: Status
    exit_code: int | None
    output: str
    errors: str
    seconds: float
    reason: str = ""


async def run(program: str, stdin: str = "", limits: Limits = Limits()) -> Outcome:
    """Run a Python program; at most one a processor core at a time.

    Raises SandboxUnavailable where bubblewrap is absent or not permitted.
    """
    interpreter = available_interpreter()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_POOL, _run, interpreter, program, stdin, limits)


@lru_cache(maxsize=1)
def available_interpreter() -> str:
    """The Python that runs programs in the sandbox, tried once with an empty program.

    Raises SandboxUnavailable with the reason and the mend.
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
_NOBODY = 65534
_LOOK_EVERY = 0.02
_OUT_OF_CPU = 128 + signal.SIGXCPU

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


def _run(interpreter: str, program: str, stdin: str, limits: Limits) -> Outcome:
    started = time.monotonic()
    nobody = _NOBODY if os.geteuid() == 0 else None
    source = os.memfd_create("program")
    try:
        os.write(source, program.encode("utf-8", "replace"))
        os.lseek(source, 0, os.SEEK_SET)
        process = subprocess.Popen(
            _command(interpreter, source, limits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(source,),
            # The limit on processes does not bind the superuser.
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else (),
        )
    finally:
        os.close(source)
    with process:
        watch = _Watch(process, limits, started + limits.seconds)
        try:
            watch.follow(stdin.encode("utf-8", "replace"))
        finally:
            process.kill()
    return watch.outcome(time.monotonic() - started)


def _command(interpreter: str, source: int, limits: Limits) -> list[str]:
    prefix = os.path.dirname(os.path.dirname(interpreter))
    own = [] if prefix == "/usr" else ["--ro-bind", prefix, prefix]
    devices = [
        argument
        for name in ("null", "zero", "urandom")
        for argument in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
    ]
    libraries = [
        argument
        for name in ("lib", "lib64", "bin")
        if os.path.exists(f"/usr/{name}")
        for argument in ("--symlink", f"usr/{name}", f"/{name}")
    ]
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *("--setenv", "PATH", "/usr/bin", "--setenv", "PYTHONHASHSEED", "0"),
        *("--ro-bind", "/usr", "/usr", *libraries, *own, *devices),
        *("--size", str(limits.scratch_mb * MEGABYTE), "--tmpfs", "/tmp", "--chdir", "/tmp"),
        *("--ro-bind-data", str(source), "/program.py", "--remount-ro", "/"),
        *("--", interpreter, "-I", "-S", "-c", _LAUNCHER, str(limits.cpu_seconds)),
        *(str(limits.memory_mb * MEGABYTE), str(limits.processes)),
        *(str(limits.scratch_mb * MEGABYTE), "/program.py"),
    ]


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
        elif _resident(self._process.pid) > self._limits.memory_mb * MEGABYTE:
            self._breach = ("memory", f"it used over {self._limits.memory_mb} MB and was ended")

    def outcome(self, seconds: float) -> Outcome:
        output, errors = (
            self._collected[name].decode("utf-8", "replace") for name in ("output", "errors")
        )
        code = self._process.returncode
        if self._breach is not None:
            status, reason = self._breach
            return Outcome(status, None, output, errors, seconds, reason)
        if code == 0:
            return Outcome("ended", 0, output, errors, seconds)
        if code == _OUT_OF_CPU:
            reason = f"it used {self._limits.cpu_seconds} seconds of CPU and was ended"
            return Outcome("timeout", code, output, errors, seconds, reason)
        last = errors.strip().splitlines()[-1:] or [f"it ended with exit status {code}"]
        memory = last[0].startswith("MemoryError")
        reason = f"it asked for more than {self._limits.memory_mb} MB" if memory else last[0]
        return Outcome("memory" if memory else "failed", code, output, errors, seconds, reason)


def _resident(root: int) -> int:
    """Bytes of memory that a process and all its descendants hold."""
    total, pending = 0, [root]
    while pending:
        pid = pending.pop()
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                total += int(file.read().split()[1]) * _PAGE
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                    pending.extend(map(int, file.read().split()))
        except (OSError, IndexError, ValueError):
            continue
    return total


_PAGE = os.sysconf("SC_PAGE_SIZE")
