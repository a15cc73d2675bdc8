"""A Python process inside bubblewrap, and talking with it in frames.

It sees a read-only system, a small scratch directory and no network, in user, process, network
and file-system namespaces of its own. It ends, with all that it started, when it is left.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.resources import files

from its.verifiers.limits import MEGABYTE, Limits
from its.verifiers.plain_data import MOST_BYTES

OUT_OF_CPU = 128 + signal.SIGXCPU
_NOBODY = 65534
_LOOK_EVERY = 0.02
_SHARED = ("plain_data", "channel")


class Gone(Exception):
    """The process ended, broke the rules of the channel, or went over a limit; says which."""


@contextmanager
def confined(interpreter: str, module: str, limits: Limits) -> Iterator[Confined]:
    """Run a module of this package in a sandbox of its own."""
    sources = {f"/run/its/verifiers/{name}.py": _source(name) for name in (*_SHARED, module)}
    boot = f"import sys; sys.path.append('/run'); from its.verifiers.{module} import main; main()"
    process = launch(
        [interpreter, "-I", "-S", "-B", "-c", boot], interpreter, sources, limits, errors=False
    )
    try:
        yield Confined(process, limits)
    finally:
        end(process)


class Confined:
    """The far end of a channel. Everything that comes from it may be a lie."""

    def __init__(self, process: subprocess.Popen[bytes], limits: Limits) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._limits = process, limits
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._received = bytearray()
        self._looked = time.monotonic()
        for descriptor in (self._in, self._out):
            os.set_blocking(descriptor, False)

    def send(self, letter: bytes, content: object) -> None:
        self.forward(letter, json.dumps(content).encode())

    def forward(self, letter: bytes, data: bytes) -> None:
        """Send content as it is. Raises Gone."""
        pending = memoryview(letter + len(data).to_bytes(4, "big") + data)
        deadline = time.monotonic() + self._limits.seconds
        while pending:
            self._await(self._in, select.POLLOUT, deadline)
            try:
                pending = pending[os.write(self._in, pending[:65536]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone(self._ending()) from None

    def receive(self, letters: bytes, deadline: float) -> tuple[bytes, bytes]:
        """The next frame, of one of these kinds. Raises Gone."""
        while (frame := self._frame(letters)) is None:
            self._await(self._out, select.POLLIN, deadline)
            try:
                part = os.read(self._out, 1 << 16)
            except BlockingIOError:
                continue
            if not part:
                raise Gone(self._ending())
            self._received += part
        return frame

    def _frame(self, letters: bytes) -> tuple[bytes, bytes] | None:
        if len(self._received) < 5:
            return None
        letter, length = bytes(self._received[:1]), int.from_bytes(self._received[1:5], "big")
        if letter not in letters or length > MOST_BYTES:
            raise Gone("it wrote what nobody asked for")
        if len(self._received) < 5 + length:
            return None
        content = bytes(self._received[5 : 5 + length])
        del self._received[: 5 + length]
        return letter, content

    def _ending(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            if self._process.wait(1) == OUT_OF_CPU:
                return "it took too long"
        return "it ended itself"

    def _await(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            ready = poll.poll(_LOOK_EVERY * 1000)
            now = time.monotonic()
            if now - self._looked > _LOOK_EVERY:
                self._looked = now
                if resident(self._process.pid) > self._limits.memory_mb * MEGABYTE:
                    raise Gone(f"it used over {self._limits.memory_mb} MB")
            if ready:
                return
            if now > deadline:
                raise Gone("it took too long")


@lru_cache
def _source(module: str) -> bytes:
    return files("its.verifiers").joinpath(f"{module}.py").read_bytes()


def launch(
    command: list[str],
    interpreter: str,
    sources: Mapping[str, bytes],
    limits: Limits,
    *,
    errors: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a command in a sandbox in which these files are, with pipes to it."""
    nobody = _NOBODY if os.geteuid() == 0 else None
    opened: dict[str, int] = {}
    try:
        for path, content in sources.items():
            opened[path] = os.memfd_create("source")
            os.write(opened[path], content)
            os.lseek(opened[path], 0, os.SEEK_SET)
        return subprocess.Popen(
            [*_walls(interpreter, opened, limits), "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if errors else subprocess.DEVNULL,
            pass_fds=tuple(opened.values()),
            # The limit on processes does not bind the superuser.
            user=nobody,
            group=nobody,
            extra_groups=None if nobody is None else (),
        )
    finally:
        for descriptor in opened.values():
            os.close(descriptor)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a sandbox: its first process takes all others with it."""
    process.kill()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    process.wait()


def _walls(interpreter: str, sources: Mapping[str, int], limits: Limits) -> list[str]:
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
    data = [
        argument
        for path, descriptor in sources.items()
        for argument in ("--ro-bind-data", str(descriptor), path)
    ]
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *("--setenv", "PATH", "/usr/bin", "--setenv", "PYTHONHASHSEED", "0"),
        *("--ro-bind", "/usr", "/usr", *libraries, *own, *devices),
        *("--size", str(limits.scratch_mb * MEGABYTE), "--tmpfs", "/tmp", "--chdir", "/tmp"),
        *(*data, "--remount-ro", "/"),
    ]


def resident(root: int) -> int:
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
