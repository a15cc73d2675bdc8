"""A Ray cluster of several nodes on this machine, small and bounded, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.runs.command import SOURCE

ROOT = Path(__file__).resolve().parents[2]
STORE = 80_000_000
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
    "PYTHONPATH": f"{SOURCE}:{ROOT}",
    "OMP_NUM_THREADS": "1",
}


class SmallCluster:
    """Nodes of one CPU each; the head has none, so that no worker lives there."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._raylets: list[int] = []
        self.address = str(self._ask("address"))

    def add_node(self) -> None:
        self._raylets.append(int(self._ask("add")))

    def kill_node(self) -> None:
        """Kill everything on the node that has been there longest."""
        self._ask("kill")
        del self._raylets[0]

    def workers(self) -> list[int]:
        """The processes that solve problems."""
        return [
            pid
            for pid, parent, name in _processes()
            if parent in self._raylets and "WorkerActor" in name
        ]

    def kill_worker(self, number: int) -> bool:
        """Kill one of the workers there are; whether there was one."""
        pids = self.workers()
        if pids:
            os.kill(pids[number % len(pids)], signal.SIGKILL)
        return bool(pids)

    def _ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what.encode() + b"\n")
        self._process.stdin.flush()
        return orjson.loads(self._process.stdout.readline())


@contextmanager
def small_cluster(nodes: int) -> Iterator[SmallCluster]:
    """A cluster with so many nodes; it ends with this process, too."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.ray.cluster"],
        cwd=ROOT,
        env=os.environ | QUIET,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        try:
            cluster = SmallCluster(process)
            for _ in range(nodes):
                cluster.add_node()
            yield cluster
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def _processes() -> Iterator[tuple[int, int, str]]:
    """Every process: its number, its parent's, and how it was called."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            name = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue  # it has ended
        yield int(entry.name), int(parent), name


def main() -> None:
    """Answer each line of standard input with a line of JSON; the end of it ends the cluster."""
    from ray.cluster_utils import Cluster

    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what Ray prints is no answer
    head = {"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes: list[Any] = []

    def answer(what: str) -> object:
        if what == "add":
            nodes.append(
                cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False)
            )
            return nodes[-1].all_processes["raylet"][0].process.pid
        if what == "kill":
            cluster.remove_node(nodes.pop(0), allow_graceful=False)
            return None
        return cluster.address

    try:
        for line in sys.stdin:
            answers.write(orjson.dumps(answer(line.strip())) + b"\n")
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
