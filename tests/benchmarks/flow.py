"""How well `its solve` keeps an endpoint full, and what a call costs the client.

`python -m tests.benchmarks.flow` runs self-consistency against a loopback endpoint with
log-normal service times and prints, for each setting, the share of the work-conserving ideal: the
makespan of a queue that never idles, with the very service times the endpoint drew, on the same
slots. Beside it, in the same run, the plain SDK with a semaphore: no journal, trace or resume.

Last, how many slots one core keeps full where a call takes 5 seconds: computed from the CPU of a
call, and shown as far as files may be open (`--only full`).
"""

from __future__ import annotations

import argparse
import heapq
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.servers.process import ROOT, HostileProcess, hostile_process

SDK_GATHER = """
import asyncio, json, sys
from openai import AsyncOpenAI
async def main(url, path, n, slots):
    client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600)
    room = asyncio.Semaphore(slots)
    async def one(question, seed):
        async with room:
            await client.chat.completions.create(
                model="loopback", seed=seed, messages=[{"role": "user", "content": question}])
    rows = [json.loads(line) for line in open(path)]
    await asyncio.gather(*(one(row["question"], i) for row in rows for i in range(n)))
asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


@dataclass(frozen=True, slots=True)
class Setting:
    problems: int
    samples: int
    slots: int
    seconds: float
    sigma: float
    target: str

    @property
    def requests(self) -> int:
        return self.problems * self.samples


@dataclass(frozen=True, slots=True)
class Measured:
    """`share` of the ideal makespan, wall seconds of the calls, CPU seconds of the client."""

    share: float
    makespan: float
    cpu: float
    in_flight_max: int


SERVICE = 5.0
SPARE_FILES = 200
"""Those that a process has open beside its connections."""
SETTINGS = (
    Setting(200, 8, 64, 0.2, 0.8, "share >= .97"),
    Setting(2000, 8, 1000, 0.2, 0.3, "share >= .5, and >= 7 x the SDK gather"),
)


def ideal_makespan(services: Sequence[float], slots: int) -> float:
    """Greedy list scheduling of the services in their order on so many slots, in seconds."""
    free = [0.0] * min(slots, len(services))
    for service in services:
        heapq.heappush(free, heapq.heappop(free) + service)
    return max(free)


def measure(server: HostileProcess, setting: Setting, command: Sequence[str]) -> Measured:
    server.reset()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stats = server.stats()
    log = sorted(stats["log"])[-setting.requests :]
    makespan = max(end for _, _, end, _ in log) - min(arrival for arrival, _, _, _ in log)
    ideal = ideal_makespan([service for *_, service in log], setting.slots)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(ideal / makespan, makespan, cpu, stats["in_flight_max"])


def its_command(url: str, problems: Path, run: Path, setting: Setting, stream: str) -> list[str]:
    return [
        *(sys.executable, "-m", "its", "solve", str(problems), "-q", "-o", str(run), "--fresh"),
        *("-c", "self_consistency", "-m", "loopback", "--base-url", url),
        *("--concurrency", str(setting.slots), "--set", f"stages.0.n={setting.samples}"),
        *("--set", f"model.stream={stream}"),
    ]


def write_problems(path: Path, count: int) -> Path:
    lines = [orjson.dumps({"id": str(i), "question": f"What is {i} + {i}?"}) for i in range(count)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def run(setting: Setting, folder: Path, sdk: bool) -> None:
    behaviour = _behaviour(setting)
    problems = write_problems(folder / "problems.jsonl", setting.problems)
    one = write_problems(folder / "one.jsonl", 1)
    print(
        f"{setting.requests:,} requests on {setting.slots:,} slots, {setting.seconds} s, "
        f"sigma {setting.sigma} ({setting.target})"
    )
    with hostile_process(behaviour) as server:
        shares = {}
        for name, stream in (("its", "auto"), ("its, streaming", "true")):
            single = Setting(1, setting.samples, setting.slots, 0, 0, "")
            fixed = measure(
                server, single, its_command(server.url, one, folder / "r", single, stream)
            )
            got = measure(
                server, setting, its_command(server.url, problems, folder / "r", setting, stream)
            )
            shares[name] = got.share
            each = (got.cpu - fixed.cpu) / (setting.requests - setting.samples) * 1000
            print(
                f"  {name:20} share {got.share:.3f}  {got.makespan:6.2f} s  "
                f"CPU {each:.3f} ms a request  in flight up to {got.in_flight_max}"
            )
        if sdk:
            arguments = [server.url, str(problems), str(setting.samples), str(setting.slots)]
            gather = measure(server, setting, [sys.executable, "-c", SDK_GATHER, *arguments])
            print(
                f"  {'SDK gather':20} share {gather.share:.3f}  {gather.makespan:6.2f} s  "
                f"CPU {gather.cpu / setting.requests * 1000:.3f} ms a request"
            )
            for name, share in shares.items():
                print(f"  {name} is {share / gather.share:.1f} x the SDK gather")


def show_full_core(folder: Path) -> None:
    """Fill as many slots of 5 seconds as one core can, or as files may be open; twice over."""
    small = Setting(500, 8, 1000, 0.2, 0.3, "")
    with hostile_process({**_behaviour(small), "seconds": 0.2}) as server:
        each = _cpu_of_a_call(server, small, folder)
    slots = int(SERVICE / each)
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    shown = min(slots, open_files - SPARE_FILES) // 8 * 8
    print(
        f"one core keeps {slots:,} slots of {SERVICE:g} s full (CPU {each * 1000:.3f} ms a call); "
        f"{open_files:,} files may be open, so {shown:,} slots are shown"
    )
    setting = Setting(shown // 4, 8, shown, SERVICE, 0.0, "")
    problems = write_problems(folder / "problems.jsonl", setting.problems)
    with hostile_process(_behaviour(setting)) as server:
        command = its_command(server.url, problems, folder / "r", setting, "auto")
        got = measure(server, setting, [*command, "--set", "model.timeout.connect=60"])
    print(
        f"  its                  share {got.share:.3f}  {got.makespan:6.2f} s  CPU {got.cpu:.2f} s "
        f"({got.cpu / got.makespan:.2f} of a core)  in flight up to {got.in_flight_max:,}"
    )


def _behaviour(setting: Setting) -> dict[str, Any]:
    return {
        "seconds": setting.seconds,
        "sigma": setting.sigma,
        "slots": setting.slots,
        "tokens": 8,
        "dialect": {"n": "ignored"},
    }


def _cpu_of_a_call(server: HostileProcess, setting: Setting, folder: Path) -> float:
    """Seconds, the start of the program taken off."""
    cpu = []
    for count in (1, setting.problems):
        sized = Setting(count, setting.samples, setting.slots, setting.seconds, setting.sigma, "")
        problems = write_problems(folder / "problems.jsonl", count)
        command = its_command(server.url, problems, folder / "r", sized, "auto")
        cpu.append(measure(server, sized, command).cpu)
    return (cpu[1] - cpu[0]) / (setting.requests - setting.samples)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-sdk", action="store_true", help="leave the SDK out")
    parser.add_argument("--only", choices=["full"], help="nothing but the slots of a full core")
    parser.add_argument("--setting", type=int, choices=range(len(SETTINGS)))
    chosen = parser.parse_args()
    settings = SETTINGS if chosen.setting is None else SETTINGS[chosen.setting : chosen.setting + 1]
    with tempfile.TemporaryDirectory() as folder:
        for setting in settings if chosen.only != "full" else ():
            run(setting, Path(folder), sdk=not chosen.no_sdk)
        if chosen.only == "full" or chosen.setting is None:
            show_full_core(Path(folder))


if __name__ == "__main__":
    main()
