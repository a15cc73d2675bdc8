"""A million problems on standard input: memory stays flat, and a finished run is quick to repeat.

`python -m tests.benchmarks.million` pipes that many problems through `its solve -` on a loopback
endpoint, prints resident memory as it goes, then runs the same command again on the finished run
and prints problems a second.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.servers.process import ROOT, hostile_process

REPORTS = 10


def resident_megabytes(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def feed(process: subprocess.Popen[bytes], problems: int) -> None:
    assert process.stdin is not None
    for start in range(0, problems, 1000):
        numbers = range(start, min(start + 1000, problems))
        lines = (b'{"id":"%d","question":"What is %d + %d?"}\n' % (n, n, n) for n in numbers)
        process.stdin.write(b"".join(lines))
    process.stdin.close()


def run(command: list[str], problems: int) -> tuple[float, float]:
    """Seconds and the most resident memory in MB; every row is read and counted."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    started, most, seen = time.monotonic(), 0.0, 0
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        writer = threading.Thread(target=feed, args=(process, problems), daemon=True)
        writer.start()
        assert process.stdout is not None
        for seen, _ in enumerate(process.stdout, 1):
            if seen % max(1, problems // REPORTS) == 0:
                memory = resident_megabytes(process.pid)
                most = max(most, memory)
                elapsed = time.monotonic() - started
                print(f"  {seen:>9,} rows  {elapsed:7.1f} s  {memory:6.1f} MB resident", flush=True)
        writer.join()
    if process.returncode != 0 or seen != problems:
        raise SystemExit(f"exit {process.returncode} with {seen} rows of {problems}")
    return time.monotonic() - started, most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=1_000_000)
    problems = parser.parse_args().problems
    behaviour = {"tokens": 2, "log": False}
    with (
        tempfile.TemporaryDirectory() as folder,
        hostile_process(behaviour, [("What", (("Answer: 4", 1.0),))], lifetime=3600) as server,
    ):
        command = [
            *(sys.executable, "-m", "its", "solve", "-", "-q", "-o", f"{folder}/run"),
            *("-c", "greedy", "-m", "loopback", "--base-url", server.url),
            *("--set", "model.stream=false", "--set", "model.retries.attempts=8"),
        ]
        print(f"{problems:,} problems on standard input:")
        seconds, most = run(command, problems)
        print(f"  {problems / seconds:,.0f} problems/s, at most {most:.0f} MB resident")
        print("the same command on the finished run:")
        seconds, most = run(command, problems)
        print(f"  {problems / seconds:,.0f} problems/s, at most {most:.0f} MB resident")


if __name__ == "__main__":
    main()
