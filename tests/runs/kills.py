"""Kill a run again and again, at named points and at random moments, until it is through.

`python -m tests.runs.kills --kills 1000` kills a thousand times over all configurations and prints
what was lost (nothing), doubled (nothing), and bought twice (at most the calls in flight).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.runs.command import (
    SEARCH_RULES,
    SOURCE,
    compute_of,
    decided,
    finish,
    its,
    rows_of,
    write_problems,
)
from tests.servers.process import HostileProcess, hostile_process

BEHAVIOUR = {"seconds": 0.02, "sigma": 0.5, "slots": 12, "tokens": 8, "dialect": {"n": "ignored"}}
CONFIGURATIONS: dict[str, tuple[str, ...]] = {
    "greedy": ("-c", "greedy"),
    "self_consistency": ("-c", "self_consistency"),
    "adaptive": ("-c", "adaptive"),
    "baseline": ("-c", "self_consistency", "--baseline"),
    "batch budget": ("-c", "self_consistency", "--batch-budget", "60"),
    "two models": ("-c", "best_of_n", "--set", "judge={name: loopback, base_url: URL}"),
    "search": ("-c", "search"),
}
POINTS = ("intent", "settle", "commit", "compact", "random")
FAULTY = os.pathsep.join([str(Path(__file__).parent / "faulty"), SOURCE])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the kills of one configuration did."""

    configuration: str
    kills: int
    lost: int
    doubled: int
    bought_twice: int
    in_flight: int

    @property
    def clean(self) -> bool:
        return not self.lost and not self.doubled and self.bought_twice <= self.in_flight


def kill_through(
    configuration: str,
    server: HostileProcess,
    folder: Path,
    kills: int,
    draw: random.Random,
    points: Sequence[str] = POINTS,
) -> Outcome:
    """Kill the same run up to so many times, let it end, and compare it with one never killed."""
    problems = write_problems(folder / "p.jsonl", 24)
    whole, run = folder / "whole", folder / "killed"
    arguments = [part.replace("URL", server.url) for part in CONFIGURATIONS[configuration]]
    arguments += ["-m", "loopback", "--base-url", server.url, "-q", "--concurrency", "8"]

    def command(directory: Path) -> list[str]:
        return ["solve", str(problems), "-o", str(directory), *arguments]

    server.reset()
    code, _, err = finish(its(*command(whole)))
    assert code in (0, 3), err
    needed = server.stats()["completions"]
    server.reset()
    killed = 0
    for number in range(kills):
        point = points[number % len(points)]
        if _killed_at(point, command(run), draw):
            killed += 1
    code, _, err = finish(its(*command(run)))
    assert code in (0, 3), err
    rows = rows_of(run)
    _sums_agree(run)
    same = decided(rows) == decided(rows_of(whole))
    return Outcome(
        configuration,
        killed,
        lost=0 if same else 24 - len({row["id"] for row in rows}) or 1,
        doubled=len(rows) - len({row["id"] for row in rows}),
        bought_twice=server.stats()["completions"] - needed,
        in_flight=_lost_calls(run),
    )


def _killed_at(point: str, command: list[str], draw: random.Random) -> bool:
    fault = "" if point == "random" else f"kill:{point}:{draw.randint(1, 12)}"
    process = its(*command, ITS_FAULT=fault, PYTHONPATH=FAULTY)
    if point == "random":
        time.sleep(draw.uniform(0.3, 2.0))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    code, _, err = finish(process)
    assert code in (0, 3, -signal.SIGKILL), err
    return code == -signal.SIGKILL


def _lost_calls(run: Path) -> int:
    with contextlib.closing(sqlite3.connect(run / "journal.sqlite")) as journal:
        (lost,) = journal.execute("SELECT COUNT(*) FROM calls WHERE state='lost'").fetchone()
        return int(lost)


def _sums_agree(run: Path) -> None:
    accounts, rows = compute_of(run), rows_of(run)
    for column in ("completions", "prompt_tokens", "completion_tokens"):
        in_rows = sum(row["usage"][column] for row in rows)
        assert in_rows + accounts["unattributed"][column] == accounts["totals"][column]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw, done = random.Random(options.seed), 0
    with hostile_process(BEHAVIOUR, SEARCH_RULES) as server:
        while done < options.kills:
            for name in CONFIGURATIONS:
                with tempfile.TemporaryDirectory() as folder:
                    outcome = kill_through(name, server, Path(folder), 20, draw)
                done += outcome.kills
                print(outcome, "" if outcome.clean else "NOT CLEAN", flush=True)
                if done >= options.kills:
                    break
    print(f"{done} kills")


if __name__ == "__main__":
    main()
