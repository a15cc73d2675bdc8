"""A hostile server in a process of its own, so that its work is not the client's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson

ROOT = Path(__file__).resolve().parents[2]


class HostileProcess:
    """A running server: its address and its counters."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._root = url.removesuffix("/v1")

    def stats(self) -> dict[str, Any]:
        with urlopen(f"{self._root}/stats", timeout=30) as reply:
            counted: dict[str, Any] = orjson.loads(reply.read())
        return counted

    def reset(self) -> None:
        with urlopen(Request(f"{self._root}/reset", method="POST"), timeout=30):
            pass


@contextmanager
def hostile_process(
    behaviour: Mapping[str, Any] | None = None,
    rules: Sequence[tuple[str, Sequence[tuple[str, float]]]] = (),
    lifetime: float = 600.0,
) -> Iterator[HostileProcess]:
    """Start a server with these fields of `Behaviour` and these `rules` of its script."""
    command = [sys.executable, "-m", "tests.servers.hostile", "--lifetime", str(lifetime)]
    command += ["--behaviour", orjson.dumps(behaviour or {}).decode()]
    command += ["--rules", orjson.dumps(list(rules)).decode()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("the loopback server did not start")
            yield HostileProcess(url)
        finally:
            process.terminate()
