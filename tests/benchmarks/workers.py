"""What workers cost and bring: the driver's part of a call, the latency that they add, how full
they keep an endpoint, the embedded model on two cores, and the driver's memory.

`python -m tests.benchmarks.workers [driver latency flow embedded memory]` prints each; all but the
first start Ray and go by the clock, so they want a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import orjson

from its.calls.entries import Ended, Entry, Sent
from its.calls.journal_rows import Intent
from its.pipeline.load import load_pipeline
from its.problems.problem import Problem, Question
from its.ray.coordinator import Coordinator
from its.ray.messages import Demand, FromWorker, Row, Spent, Standing, decode, encode
from its.session import Session
from its.testing import FakeModel
from its.usage import Usage
from tests.benchmarks.flow import Setting, its_command, measure, write_problems
from tests.benchmarks.million import feed, resident_megabytes
from tests.runs.command import rows_of
from tests.servers.process import hostile_process

SAMPLES = 16
REQUEST, REPLY = b"r" * 700, b'[{"text": "' + b"x" * 800 + b'"}]'
WORKERS = 2


# --- the driver's part, in processor time -----------------------------------------------------


async def _driver(folder: Path, calls: int, in_a_turn: int) -> float:
    """Calls per second of the driver's processor time, Ray's own part left out."""
    pipeline = load_pipeline("greedy", model="fake", base_url="http://127.0.0.1:1/v1")
    model = FakeModel(lambda request, number: "")
    async with Session(pipeline, run=folder, models={"model": model}) as session:
        coordinator = Coordinator(session.active, 1)
        member = coordinator.join("here", lambda: None)
        await coordinator.heard(member, FromWorker([], [], [], [], _standing()))
        solving = [
            asyncio.create_task(coordinator.solve(Problem(f"p{n}", n, Question(f"{n}?"))))
            for n in range(calls // SAMPLES)
        ]
        await asyncio.sleep(0)
        messages = list(_messages(calls, in_a_turn))
        clock = time.process_time()
        for message in messages:
            encode(coordinator.message_to(member))
            await coordinator.heard(member, decode(message))
        clock = time.process_time() - clock
        await asyncio.gather(*solving)
    return calls / clock


def _messages(calls: int, in_a_turn: int) -> list[bytes]:
    """Turns in which so many calls begin and as many end, and whole problems with them."""
    usage = Usage(calls=1, completions=1, prompt_tokens=80, completion_tokens=240, seconds=1.0)
    messages, begun, row = [], 0, 0
    while begun < calls:
        numbers = range(begun, min(begun + in_a_turn, calls))
        entries: list[Entry] = []
        for number in numbers:
            problem = _key(number // SAMPLES)
            label = (str(number % SAMPLES),)
            identity = number.to_bytes(16, "little")
            intent = Intent(
                *(problem, "stage", "attempts", "model", label, identity, 0, REQUEST, 80)
            )
            entries.append(Sent.of(number, intent))
        entries += [Ended.of(number, "done", usage, REPLY, "") for number in numbers]
        begun += len(numbers)
        rows = []
        while (row + 1) * SAMPLES <= begun:
            line = orjson.dumps({"id": f"p{row}", "status": "answered", "solution": "x" * 800})
            rows.append(Row(_key(row), line + b"\n", b"t" * (SAMPLES * 1200), None))
            row += 1
        messages.append(encode(FromWorker(entries, [], [], list(rows), _standing())))
    return messages


def _key(number: int) -> bytes:
    return Problem(f"p{number}", number, Question(f"{number}?")).key


def _standing() -> Standing:
    spent = Spent(Usage(), Usage(), 0, 0, 0)
    return Standing(1 << 30, 500, spent, {}, {"model": Demand(64, 64, 0)}, closed=False)


def driver(folder: Path) -> None:
    for in_a_turn in (2, 20, 200):
        place = folder / f"driver-{in_a_turn}"
        rate = asyncio.run(_driver(place, 32_000, in_a_turn))
        print(
            f"the driver's part, {in_a_turn} calls a turn: {rate:,.0f} calls per second of its core"
        )


# --- by the clock -----------------------------------------------------------------------------


def latency(folder: Path) -> None:
    """100 calls a second, one after the other in each of five slots of 0.05 s."""
    problems = write_problems(folder / "latency.jsonl", 1000)
    setting = Setting(1000, 1, 5, 0.05, 0.0, "")
    medians = []
    with hostile_process({"seconds": 0.05, "tokens": 8}) as server:
        for name, more in (("one process", []), ("workers", ["--workers", "1"])):
            run = folder / f"latency-{name.split()[0]}"
            command = its_command(server.url, problems, run, setting, "auto")
            subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
            seconds = [row["seconds"] for row in rows_of(run)]
            medians.append(statistics.median(seconds))
    print(
        f"latency: a call takes {medians[0] * 1000:.1f} ms in one process and "
        f"{medians[1] * 1000:.1f} ms by a worker (medians; waiting for a slot included)"
    )


def flow(folder: Path) -> None:
    for setting in (
        Setting(2000, 8, 1000, 0.2, 0.3, ""),
        Setting(1000, 8, 1000, 5.0, 0.3, "share >= .95"),
    ):
        behaviour = {
            **{"seconds": setting.seconds, "sigma": setting.sigma, "slots": setting.slots},
            **{"tokens": 8, "dialect": {"n": "ignored"}},
        }
        problems = write_problems(folder / "flow.jsonl", setting.problems)
        with hostile_process(behaviour) as server:
            for name, more in (("one process", []), ("2 workers", ["--workers", "2"])):
                command = its_command(server.url, problems, folder / "flow", setting, "auto")
                got = measure(server, setting, [*command, *more])
                print(
                    f"{setting.slots:,} slots, {setting.seconds} s, {name}: share {got.share:.3f} "
                    f"of the ideal, {got.makespan:.1f} s, in flight up to {got.in_flight_max}"
                )


def embedded(folder: Path, count: int = 4000, model: str = "embedded") -> None:
    lines = [
        orjson.dumps({"id": str(n), "question": f"Calculate {n % 97}*{n % 89}+{n % 13}."})
        for n in range(count)
    ]
    problems = folder / "embedded.jsonl"
    problems.write_bytes(b"\n".join(lines) + b"\n")
    rates = []
    for workers in (1, 2):
        run = folder / f"embedded-{workers}"
        command = [sys.executable, "-m", "its", "solve", str(problems), "-q", "-o", str(run)]
        command += ["-c", "self_consistency", "-m", model, "--workers", str(workers)]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        rates.append(_rate(run))
    print(
        f"{model}: {rates[0]:.2f} problems per second by 1 worker, {rates[1]:.2f} by 2, "
        f"{rates[1] / rates[0]:.2f} times as many"
    )


def _rate(run: Path) -> float:
    """Problems per second between the first event and the last."""
    times: list[float] = [event["time"] for event in rows_of(run, "traces")]
    return len(rows_of(run)) / (max(times) - min(times))


def memory(folder: Path, count: int = 200_000) -> None:
    workers = 4
    with hostile_process({"tokens": 4}) as server:
        command = [sys.executable, "-m", "its", "solve", "-", "-q", "-o", str(folder / "memory")]
        command += ["-c", "greedy", "-m", "loopback", "--base-url", server.url]
        command += ["--workers", str(workers), "--concurrency", "64", "--stdout"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            threading.Thread(target=feed, args=(process, count), daemon=True).start()
            assert process.stdout is not None
            for seen, _ in enumerate(process.stdout, 1):
                if seen % (count // 10) == 0:
                    resident = resident_megabytes(process.pid)
                    print(f"memory: {seen:>9,} rows, the driver {resident:.0f} MB", flush=True)


PARTS: dict[str, Callable[[Path], None]] = {
    "driver": driver,
    "latency": latency,
    "flow": flow,
    "embedded": embedded,
    "memory": memory,
}
"""What can be measured, by name."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="PART")
    parser.add_argument("--problems", type=int, help="of the parts embedded and memory")
    parser.add_argument("--model", default="embedded", help="of the part embedded")
    given = parser.parse_args()
    count = {} if given.problems is None else {"count": given.problems}
    with tempfile.TemporaryDirectory() as folder:
        for part in given.parts:
            if part == "memory":
                memory(Path(folder), **count)
            elif part == "embedded":
                embedded(Path(folder), model=given.model, **count)
            else:
                PARTS[part](Path(folder))


if __name__ == "__main__":
    main()
