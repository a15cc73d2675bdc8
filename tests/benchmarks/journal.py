"""How many calls one process can settle, and how fast shards merge: no endpoint, no waiting.

`python -m tests.benchmarks.journal` prints calls per second of processor time (which other work on
the machine does not change) and by the clock: of the journal alone (each call durable before it is
sent and before it is used), and of whole problems on a model that answers at once; then how fast
the runs of two shards become one.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from its.calls.journal import Journal
from its.calls.journal_rows import Intent
from its.pipeline.load import load_pipeline
from its.problems import open_problems
from its.problems.sharding import Shard
from its.runs.emission import to_nobody
from its.runs.merge import merge_runs
from its.session import Session
from its.testing import ALL_CAPABILITIES, FakeModel
from its.usage import Usage

REPLY = b'{"text": "%s"}' % (b"so many words of an answer " * 30)
REQUEST = b'{"prompt": "%s"}' % (b"so many words of a question " * 10)
SAMPLES = 8


def measure(what: str, unit: str, work: Coroutine[None, None, int]) -> None:
    """Do it, and print how many of what it counts it did per second."""
    clock, processor = time.monotonic(), time.process_time()
    count = asyncio.run(work)
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    print(
        f"{what}: {count:,} {unit}, {count / processor:,.0f} per second of processor time, "
        f"{count / clock:,.0f} by the clock",
        flush=True,
    )


async def journal_alone(folder: Path, calls: int, slots: int) -> int:
    """Calls in `slots` tasks, as many as are in flight at once."""
    journal = Journal(folder, "0" * 12)
    usage = Usage(calls=1, completions=1, prompt_tokens=80, completion_tokens=240, seconds=1.0)

    async def slot(first: int) -> None:
        for number in range(first, calls, slots):
            problem = (number // SAMPLES).to_bytes(16, "big")
            label, identity = str(number % SAMPLES), number.to_bytes(16, "little")
            intent = Intent(
                *(problem, "stage", "attempts", "model", (label,), identity, 0, REQUEST, 80)
            )
            call = journal.number_call()
            await journal.intend(call, intent)
            await journal.settle(call, "done", usage, REPLY)

    await asyncio.gather(*map(slot, range(slots)))
    journal.close()
    return calls


async def whole_problems(folder: Path, source: Path, number: int, slots: int) -> int:
    """One of two shards, every call of it journaled, charged, traced and voted on."""
    pipeline = load_pipeline(
        "self_consistency", [], model="fake", base_url="http://127.0.0.1:1/v1", concurrency=slots
    )
    model = FakeModel(
        lambda request, count: f"Some steps lead to it.\n\nAnswer: {count % 3}",
        capabilities=replace(ALL_CAPABILITIES, n=False),
    )
    shard = Shard(number, 2)
    with open_problems(str(source), shard=shard) as reader:
        async with Session(pipeline, run=folder, models={"model": model}, shard=shard) as session:
            await session.run(reader, to_nobody)
            whole = reader.whole
            assert whole is not None
            session.directory.describe(input={"rows": whole.rows, "digest": whole.value})
    return model.completions


async def merging(runs: list[Path], output: Path) -> int:
    return (await merge_runs(runs, output)).rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--problems", type=int, default=4_000)
    parser.add_argument("--slots", type=int, default=1_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "journal").mkdir()
        work = journal_alone(folder / "journal", given.calls, given.slots)
        measure("the journal alone", "calls", work)
        source = folder / "p.jsonl"
        source.write_text(
            "".join(f'{{"question": "What is {n} + {n}?"}}\n' for n in range(given.problems))
        )
        runs = [folder / "shard-1", folder / "shard-2"]
        for number, run in enumerate(runs, 1):
            solving = whole_problems(run, source, number, given.slots)
            measure(f"whole problems, shard {number}/2", "calls", solving)
        measure("merging", "problems", merging(runs, folder / "merged"))


if __name__ == "__main__":
    main()
