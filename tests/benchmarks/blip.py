"""A blip of an endpoint in the middle of a run, at full size: is anything bought twice?

`python -m tests.benchmarks.blip [CALLSxSECONDS ...]` solves 200 problems with 4 samples each, on an
endpoint without `n` that is away (503, `Retry-After: 1`) for so many seconds after 150 completions,
with so many calls in flight.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.runs.command import compute_of, finish, its, write_problems
from tests.servers.canned import response
from tests.servers.odd import Asked, Counted, odd_server, says

SETTINGS = ("8x1", "8x5", "64x1", "64x5", "256x1", "256x5")
FOUR = ("-c", "self_consistency", "--set", "stages.0.n=4", "--set", "stop.rule=none")


def run(calls: int, seconds: float, folder: Path) -> None:
    began: list[float] = []

    def writes(asked: Asked, counted: Counted) -> bytes:
        if not asked.probes and counted.completions > 150:
            began.append(time.monotonic())
            if time.monotonic() - began[0] < seconds:
                counted.refusals += 1
                body = {"error": "away"}
                return response(body, status="503 Service Unavailable", Retry_After="1")
        return says(asked, counted)

    with odd_server(writes) as server:
        file = write_problems(folder / "problems.jsonl", 200)
        command = ("solve", str(file), "-q", "-o", str(folder / "run"), "-m", "loopback", *FOUR)
        more = ("--base-url", server.url, "--concurrency", str(calls))
        code, _, err = finish(its(*command, *more, XDG_CACHE_HOME=str(folder)), 300)
        if code != 0:
            print(err)
        totals = compute_of(folder / "run")["totals"]
        tokens = totals["prompt_tokens"] + totals["completion_tokens"]
        print(
            f"{calls} calls, away for {seconds:g} s: exit {code}, "
            f"refused {server.counted.refusals},"
            f" completions {totals['completions']} charged and {server.counted.completions} served,"
            f" tokens {tokens} charged and {server.counted.tokens} served"
        )


def main() -> None:
    for setting in sys.argv[1:] or SETTINGS:
        calls, _, seconds = setting.partition("x")
        with tempfile.TemporaryDirectory() as folder:
            run(int(calls), float(seconds), Path(folder))


if __name__ == "__main__":
    main()
