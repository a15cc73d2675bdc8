"""Kill a run again and again, at named points and at random moments, until it is through.

`python -m tests.runs.kills --kills 1000` kills a thousand times over all configurations and prints
what was lost (nothing), doubled (nothing), and bought twice (at most the calls in flight).
"""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from tests.runs.command import SEARCH_RULES, compute_of, decided, rows_of, write_problems
from tests.runs.forked import Ended, Forked, forked
from tests.servers.process import HostileProcess, hostile_process

BEHAVIOUR: dict[str, Any] = {
    "seconds": 0.02,
    "sigma": 0.5,
    "slots": 12,
    "tokens": 8,
    "dialect": {"n": "ignored", "context": 2048},
    "models": ["loopback", "large"],
}
RULES = (
    ("Python function", (("```python\ndef f(n):\n    return n + n\n```", 3.0), ("no idea", 1.0))),
    *SEARCH_RULES,
)
POINTS = ("intent", "settle", "commit", "compact", "random")
MOST_A_SERIES = 40
"""Kills of one run; then it is left to end."""


def write_with_one_too_long(path: Path, count: int) -> Path:
    """One of them fails in every session, so that every session has rows to compact."""
    write_problems(path, count - 1)
    long = {"id": "long", "question": "Why? " * 4000, "answer": "7"}
    path.write_bytes(path.read_bytes() + orjson.dumps(long) + b"\n")
    return path


def write_code_problems(path: Path, count: int) -> Path:
    rows = [
        {
            "id": f"p{number}",
            "question": f"Write a Python function f that doubles a number such as {number}.",
            "tests": [f"assert f({number}) == {2 * number}"],
        }
        for number in range(count)
    ]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def write_pool(path: Path, count: int) -> Path:
    rows = [
        {
            "id": f"p{number}",
            "question": f"What is {number} + {number}?",
            "answer": str(2 * number),
            "samples": [{"text": f"The answer is {(number + draw) % 7}."} for draw in range(8)],
        }
        for number in range(count)
    ]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is run: options (URL stands for the endpoint's address), problems, and where they come
    from. `endpoint` is False where no server counts what is bought."""

    options: tuple[str, ...]
    problems: int = 24
    write: Callable[[Path, int], Path] = write_with_one_too_long
    stdin: bool = False
    endpoint: bool = True

    def arguments(self, problems: Path, url: str) -> list[str]:
        model = ("-m", "loopback", "--base-url", url) if self.endpoint else ()
        options = [part.replace("URL", url) for part in self.options]
        source = "-" if self.stdin else str(problems)
        return ["solve", source, *options, *model, "-q", "--concurrency", "8"]


_JUDGE = "judge={name: loopback, base_url: URL}"
_LARGE = "models.large={name: large, base_url: URL}"
CONFIGURATIONS = {
    "votes": Configuration(("-c", "self_consistency")),
    "thorough": Configuration(("-c", "thorough"), 8),
    "baseline": Configuration(("-c", "self_consistency", "--baseline")),
    "batch budget": Configuration(("-c", "self_consistency", "--batch-budget", "60")),
    "judge": Configuration(("-c", "best_of_n", "--set", _JUDGE)),
    "cascade": Configuration(("-c", "cascade", "--set", _LARGE)),
    "search": Configuration(("-c", "search"), 8),
    "stdin": Configuration(("-c", "self_consistency"), stdin=True),
    "code": Configuration(("-c", "greedy"), 12, write_code_problems),
    "recorded": Configuration(
        ("-c", "self_consistency", "-m", "recorded:POOL"), 40, write_pool, endpoint=False
    ),
    "embedded": Configuration(
        ("-c", "greedy", "-m", "embedded", "--set", "model.max_tokens=8"),
        *(6, write_problems),
        endpoint=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the kills of one configuration did, over several runs of it. `bought_twice` is at most
    `in_flight` in every run where `within` holds."""

    configuration: str
    kills: int = 0
    runs: int = 0
    lost: int = 0
    doubled: int = 0
    sums_differ: int = 0
    bought_twice: int = 0
    in_flight: int = 0
    within: bool = True

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.sums_differ) and self.within


def kill_through(name: str, its: Forked, server: HostileProcess, kills: int, seed: int) -> Outcome:
    """Kill runs of a configuration so many times, let each end, and compare it with one that was
    never killed."""
    draw = random.Random(f"{name} {seed}")
    configuration = CONFIGURATIONS[name]
    outcome = Outcome(name)
    with tempfile.TemporaryDirectory(prefix="its-kills-") as folder:
        place = Path(folder)
        problems = configuration.write(place / "p.jsonl", configuration.problems)
        arguments = configuration.arguments(problems, server.url)
        arguments = [part.replace("POOL", str(problems)) for part in arguments]

        def run(directory: Path, **more: Any) -> Ended:
            given = problems if configuration.stdin else None
            cache = {"XDG_CACHE_HOME": str(directory) + "-cache"}
            return its.its(*arguments, "-o", directory, given=given, environment=cache, **more)

        server.reset()
        _through(run(place / "whole"))
        needed = _bought(configuration, server, place / "whole")
        while outcome.kills < kills:
            server.reset()
            directory, killed = place / f"killed-{outcome.runs}", 0
            most = min(MOST_A_SERIES, kills - outcome.kills)
            while killed < most and _killed(run, directory, draw):
                killed += 1
            _through(run(directory))
            bought = _bought(configuration, server, directory) - needed
            outcome = _counted(outcome, directory, place / "whole", killed, bought)
    return outcome


def _killed(run: Callable[..., Ended], directory: Path, draw: random.Random) -> bool:
    """Whether it was killed before it ended by itself."""
    point = draw.choice(POINTS)
    if point == "random":
        ended = run(directory, kill_after=draw.uniform(0.0, 0.3))
    else:
        number = 1 if point == "compact" else draw.randint(1, 8)
        ended = run(directory, fault=f"kill:{point}:{number}")
    if ended.code == -signal.SIGKILL:
        return True
    _through(ended)
    return False


def _through(ended: Ended) -> None:
    assert ended.code in (0, 3), (ended.code, ended.err)


def _counted(
    before: Outcome, directory: Path, whole: Path, killed: int, bought_twice: int
) -> Outcome:
    rows, right = (_told(run) for run in (directory, whole))
    in_flight = _count(directory, "SELECT COUNT(*) FROM calls WHERE state='lost'")
    return replace(
        before,
        kills=before.kills + killed,
        runs=before.runs + 1,
        lost=before.lost + sum(row not in rows for row in right),
        doubled=before.doubled + len(rows) - len({row["id"] for row in rows}),
        sums_differ=before.sums_differ + _sums_differ(directory),
        bought_twice=before.bought_twice + bought_twice,
        in_flight=before.in_flight + in_flight,
        within=before.within and 0 <= bought_twice <= in_flight,
    )


def _told(run: Path) -> list[dict[str, Any]]:
    """What the rows say; of one that fails only why: every session adds its tries to its bill."""
    return [
        row if row["status"] != "failed" else {name: row[name] for name in ("id", "error")}
        for row in decided(rows_of(run))
    ]


def _bought(configuration: Configuration, server: HostileProcess, run: Path) -> int:
    if configuration.endpoint:
        return int(server.stats()["completions"])
    return _count(run, "SELECT TOTAL(completions) FROM calls WHERE state='done'")


def _count(run: Path, query: str) -> int:
    with contextlib.closing(sqlite3.connect(run / "journal.sqlite")) as journal:
        return int(journal.execute(query).fetchone()[0])


def _sums_differ(run: Path) -> bool:
    accounts, rows = compute_of(run), rows_of(run)
    return any(
        sum(row["usage"][column] or 0 for row in rows) + accounts["unattributed"][column]
        != accounts["totals"][column]
        for column in ("completions", "prompt_tokens", "completion_tokens")
        if accounts["totals"][column] is not None
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    each = -(-options.kills // len(CONFIGURATIONS))
    done, clean, started = 0, True, time.monotonic()
    with hostile_process(BEHAVIOUR, RULES, lifetime=3600) as server, forked() as its:
        for name in CONFIGURATIONS:
            outcome = kill_through(name, its, server, each, options.seed)
            done, clean = done + outcome.kills, clean and outcome.clean
            print(outcome, "" if outcome.clean else "NOT CLEAN", flush=True)
    print(
        f"{done} kills in {time.monotonic() - started:.0f} s, {'clean' if clean else 'NOT CLEAN'}"
    )
    raise SystemExit(not clean)


if __name__ == "__main__":
    main()
