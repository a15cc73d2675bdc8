"""`its` as a process without the second that loading it takes: a server has loaded it, and forks.

Each run is a process of its own, with streams, exit code and memory of its own, and can be killed.
`python -m tests.runs.forked` reads orders as JSON lines and answers each when its run has ended.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from tests.runs.command import SOURCE, clean_environment
from tests.servers.process import ROOT


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended (minus the signal that killed it), all that it said, its seconds by the
    clock and of processor time, and the most memory it held, in bytes."""

    code: int
    out: bytes
    err: str
    seconds: float
    processor: float
    peak: int


class Forked:
    """Runs `its` with its own arguments, one process at a time."""

    def __init__(self, orders: IO[bytes], answers: IO[bytes], folder: Path) -> None:
        self._orders = orders
        self._answers = answers
        self._folder = folder

    def its(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        fault: str = "",
        kill_after: float | None = None,
        given: Path | None = None,
        timeout: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run to the end, or until `kill_after` seconds have passed. `given` is the file that is
        its standard input, `fault` what goes wrong on purpose (see `tests.runs.faults`)."""
        order = {
            "arguments": list(map(str, arguments)),
            "cwd": str(cwd or self._folder),
            "fault": fault,
            "seconds": timeout if kill_after is None else kill_after,
            "given": str(given or os.devnull),
            "streams": [str(self._folder / "out"), str(self._folder / "err")],
            "environment": {"XDG_CACHE_HOME": str(self._folder), **(environment or {})},
        }
        self._orders.write(orjson.dumps(order) + b"\n")
        self._orders.flush()
        said = self._answers.readline()
        if not said:
            raise RuntimeError("the forking server has ended")
        answer = orjson.loads(said)
        if answer.pop("timed_out") and kill_after is None:
            raise TimeoutError(f"its {arguments} ran longer than {timeout} s")
        out, err = ((self._folder / name).read_bytes() for name in ("out", "err"))
        return Ended(out=out, err=err.decode(errors="replace"), **answer)


@contextmanager
def forked() -> Iterator[Forked]:
    """A server that forks; what runs remember of an endpoint is forgotten at its end."""
    environment = clean_environment() | {
        "PYTHONPATH": os.pathsep.join([SOURCE, str(ROOT)]),
        "OPENBLAS_NUM_THREADS": "1",
    }
    with (
        tempfile.TemporaryDirectory(prefix="its-forked-") as folder,
        subprocess.Popen(
            [sys.executable, "-m", "tests.runs.forked"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Forked(process.stdin, process.stdout, Path(folder))
        finally:
            process.stdin.close()
            process.wait(timeout=120)


# --- in the server ------------------------------------------------------------------------------


def serve() -> None:
    _load()
    gc.collect()
    gc.freeze()
    for line in sys.stdin.buffer:
        answer = _answer(orjson.loads(line))
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


def _load() -> None:
    """All that a run would load at its start. No thread may be left running."""
    from importlib import import_module

    for name in (
        *(
            "cli.main",
            "cli.batch",
            "session",
            "pipeline.load",
            "pipeline.config",
            "pipeline.ceiling",
            "library",
        ),
        *("problems.reading", "problems.sources", "models.openai.model", "models.embedded.model"),
        *("views.progress", "views.opening", "views.rows", "views.summary", "views.story"),
        *("views.explanation", "runs.record", "runs.rebuild", "runs.regrading", "grading"),
    ):
        import_module(f"its.{name}")
    for name in ("httpx_aiohttp", "rich.progress", "rich.table", "tests.runs.faults"):
        import_module(name)


def _answer(order: Mapping[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    process = os.fork()
    if not process:
        _become(order)
    timed_out = not _ends_within(process, float(order["seconds"]))
    if timed_out:
        os.kill(process, signal.SIGKILL)
    _, status, used = os.wait4(process, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)  # a worker that it left behind
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - started,
        "processor": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024,
        "timed_out": timed_out,
    }


def _ends_within(process: int, seconds: float) -> bool:
    descriptor = os.pidfd_open(process)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def _become(order: Mapping[str, Any]) -> None:
    """In the child: take the streams, the arguments and the place of the order, and run."""
    try:
        os.setsid()
        _take_streams([str(order["given"]), *order["streams"]])
        os.chdir(order["cwd"])
        os.environ.update(order["environment"])
        sys.argv = ["its", *order["arguments"]]
        from tests.runs import faults

        faults.install(order["fault"])
        from its.__main__ import main

        main()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(99)


def _take_streams(names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, "rb", closefd=False)), "utf-8")
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "wb", closefd=False)), "utf-8")
        for number in (1, 2)
    )


if __name__ == "__main__":
    serve()
