"""`its` as a process beside a loopback server in the test's own event loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.runs.command import clean_environment
from tests.servers.hostile import HostileServer


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all that it said."""

    code: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines; fails where it holds anything else."""
        return [orjson.loads(line) for line in self.out.splitlines()]


async def its(
    *arguments: str | Path,
    cwd: Path,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Ended:
    """Run `its` to its end; `given` is its standard input, `before` runs in the child first."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "its",
        *map(str, arguments),
        cwd=cwd,
        env=clean_environment() | dict(environment or {}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=before,
    )
    out, err = await asyncio.wait_for(process.communicate(given), timeout=120)
    assert process.returncode is not None
    return Ended(process.returncode, out, err.decode())


async def solve(
    server: HostileServer, source: str | Path, *arguments: str, cwd: Path, **more: Any
) -> Ended:
    """`its solve` against a loopback server, with one greedy answer unless told otherwise."""
    chosen = () if "-c" in arguments else ("-c", "greedy")
    model = ("-m", "loopback", "--base-url", server.url)
    return await its("solve", source, *model, *chosen, *arguments, cwd=cwd, **more)


def problems_file(path: Path, rows: Sequence[Mapping[str, Any] | bytes]) -> Path:
    """Write rows as JSON lines; bytes stand as they are."""
    lines = [row if isinstance(row, bytes) else orjson.dumps(row) for row in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def run_directory(cwd: Path) -> Path:
    """The only run directory below `runs/`."""
    (run,) = (cwd / "runs").iterdir()
    return run
