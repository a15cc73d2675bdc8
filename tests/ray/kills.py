"""Kill workers, nodes and the driver of runs on a Ray cluster, at random moments.

`python -m tests.ray.kills --moments 20` kills each of them twenty times, and prints for every run
what was lost (nothing), what differs (nothing), and what was bought twice (at most the calls that
were in flight).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.ray.cluster import SmallCluster, small_cluster
from tests.runs.command import (
    SEARCH_RULES,
    compute_of,
    decided,
    finish,
    its,
    rows_of,
    write_problems,
)
from tests.runs.test_faults import sums_agree
from tests.servers.process import HostileProcess, hostile_process

KINDS = ("worker", "node", "driver")
BEHAVIOUR: dict[str, Any] = {
    "seconds": 0.05,
    "sigma": 0.5,
    "tokens": 8,
    "dialect": {"n": "ignored"},
}
PROBLEMS = 24
_LONGEST = 240.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What so many kills did: rows that differ from those of one process, calls that were lost in
    flight, and completions that were bought a second time."""

    kind: str
    kills: int = 0
    runs: int = 0
    differing: int = 0
    lost: int = 0
    twice: int = 0

    @property
    def clean(self) -> bool:
        return not self.differing and 0 <= self.twice <= self.lost


class Kills:
    """Runs of one command on a cluster, against the run of one process."""

    def __init__(self, cluster: SmallCluster, server: HostileProcess, place: Path) -> None:
        self._cluster = cluster
        self._server = server
        self._place = place
        self._problems = write_problems(place / "p.jsonl", PROBLEMS)
        code, _, err = finish(its(*self._command(place / "whole"), XDG_CACHE_HOME=str(place)))
        assert code == 0, err
        self._needed = self._bought(place / "whole")

    def through(self, kind: str, moments: int, seed: int) -> Outcome:
        """Kill so many times, in as many runs as it takes, and let each run end."""
        draw, outcome = random.Random(f"{kind} {seed}"), Outcome(kind)
        while outcome.kills < moments:
            self._server.reset()
            run = self._place / f"{kind}-{outcome.runs}"
            kills = self._one_run(run, kind, moments - outcome.kills, draw)
            sums_agree(run)
            rows, right = decided(rows_of(run)), decided(rows_of(self._place / "whole"))
            outcome = replace(
                outcome,
                kills=outcome.kills + kills,
                runs=outcome.runs + 1,
                differing=outcome.differing + (rows != right),
                lost=outcome.lost + int(compute_of(run)["unattributed"]["calls"]),
                twice=outcome.twice + self._bought(run) - self._needed,
            )
        return outcome

    def _one_run(self, run: Path, kind: str, most: int, draw: random.Random) -> int:
        process, kills = self._start(run, draw), 0
        while kills < most and self._wait(process, draw.randint(10, 150)):
            kills += self._kill(kind, process, draw)
            if kind == "driver":
                finish(process)
                process = self._start(run, draw)
        code, out, err = finish(process, timeout=_LONGEST)
        assert code == 0, err
        assert all(line.startswith(b'{"id":') for line in out.splitlines()), "rows, nothing else"
        return kills

    def _kill(self, kind: str, process: subprocess.Popen[bytes], draw: random.Random) -> bool:
        if kind == "worker":
            return self._cluster.kill_worker(draw.randrange(8))
        if kind == "node":
            self._cluster.kill_node()
            self._cluster.add_node()
        else:
            os.kill(process.pid, signal.SIGKILL)
        return True

    def _wait(self, process: subprocess.Popen[bytes], completions: int) -> bool:
        """Until so many more completions were delivered; False where the run ended before."""
        target, until = self._count() + completions, time.monotonic() + _LONGEST
        while self._count() < target:
            if process.poll() is not None:
                return False
            assert time.monotonic() < until, "the run stands still"
            time.sleep(0.05)
        return True

    def _start(self, run: Path, draw: random.Random) -> subprocess.Popen[bytes]:
        workers = str(draw.choice((1, 2)))
        command = self._command(run, "--ray", self._cluster.address, "--workers", workers)
        return its(*command, XDG_CACHE_HOME=str(self._place))

    def _command(self, run: Path, *more: str) -> list[str]:
        model = ("-m", "loopback", "--base-url", self._server.url, "-c", "thorough")
        return [
            "solve",
            str(self._problems),
            "-q",
            "-o",
            str(run),
            "--concurrency",
            "8",
            *model,
            *more,
        ]

    def _count(self) -> int:
        return int(self._server.stats()["completions"])

    def _bought(self, run: Path) -> int:
        return self._count() - int(compute_of(run)["unattributed"]["completions"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    clean = True
    with (
        tempfile.TemporaryDirectory() as place,
        small_cluster(2) as cluster,
        hostile_process(BEHAVIOUR, SEARCH_RULES, lifetime=7200) as server,
    ):
        kills = Kills(cluster, server, Path(place))
        for kind in KINDS:
            outcome = kills.through(kind, given.moments, given.seed)
            clean = clean and outcome.clean
            print(outcome, "" if outcome.clean else "NOT CLEAN", flush=True)
    raise SystemExit(not clean)


if __name__ == "__main__":
    main()
