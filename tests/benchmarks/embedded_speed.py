"""The embedded engine against a llama.cpp server on the same weights, one thread each.

    python -m tests.benchmarks.embedded_speed --model small-solver --problems 200 --samples 8

Both are given the same questions, all at once, and draw the same number of samples of each at
temperature 1. Rounds alternate, and the best of each counts, as other work on the machine can only
slow one down; llama.cpp runs with each of several numbers of slots, and its best is taken. Its
client works in this process, its server in another, so it has the more cores of the two. Tokens
are completion tokens. Beside the clock's, figures are given by processor time (of this process for
the embedded engine, of the server's for llama.cpp, its client not counted), which a busy machine
distorts less. The first token of a cold process is timed in a fresh interpreter.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from its.models.embedded.blas import pin_to_one_thread

pin_to_one_thread()

from its.models.embedded.model import EmbeddedModel  # noqa: E402
from its.models.embedded.weights import WEIGHTS, Weights, read_weights  # noqa: E402
from its.models.protocol import Received, Request  # noqa: E402
from its.problems.problem import Message  # noqa: E402
from tests.servers.llama_cpp import llama_cpp  # noqa: E402

SLOTS = (16, 32, 64)
MAX_TOKENS = 300


@dataclass(frozen=True, slots=True)
class Round:
    problems: int
    tokens: int
    seconds: float
    cpu: float

    @property
    def speed(self) -> float:
        return self.tokens / self.seconds

    @property
    def efficiency(self) -> float:
        return self.tokens / self.cpu

    def __str__(self) -> str:
        problems = self.problems / self.seconds
        return (
            f"{problems:6.1f} problems/s  {self.speed:7.0f} tokens/s  "
            f"{self.efficiency:7.0f} tokens a CPU second  ({self.tokens} tokens)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="small-solver")
    parser.add_argument("--weights", type=Path, help="a weights file instead of a shipped model")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    path = options.weights or WEIGHTS / f"{options.model}.safetensors"
    weights, questions = read_weights(path), _questions(options.problems)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(asyncio.run(_embedded(weights, questions, options.samples)))
        print(f"embedded              {ours[-1]}")
        for slots in SLOTS:
            theirs.append(_llama_cpp(weights, questions, options.samples, slots))
            print(f"llama.cpp, {slots:2} slots   {theirs[-1]}")
    fastest = max(ours, key=lambda r: r.speed)
    print(f"embedded: {fastest.problems / fastest.seconds:.1f} problems/s at k = {options.samples}")
    by_clock = fastest.speed / max(r.speed for r in theirs)
    by_cpu = max(r.efficiency for r in ours) / max(r.efficiency for r in theirs)
    print(f"embedded / llama.cpp: {by_clock:.2f} by the clock, {by_cpu:.2f} by processor time")
    print(f"first token of a cold process: {min(_cold(path) for _ in range(3)):.3f} s")


def _questions(count: int) -> list[str]:
    """Sums of two to four numbers and products: 80 to 90 tokens a solution."""
    rng = random.Random(0)
    return [
        "+".join(
            f"{rng.randint(2, 9)}*{rng.randint(2, 60)}" if rng.random() < 0.4
            else str(rng.randint(1, 400))
            for _ in range(rng.randint(2, 4))
        )
        for _ in range(count)
    ]  # fmt: skip


async def _embedded(weights: Weights, questions: list[str], samples: int) -> Round:
    model = EmbeddedModel("embedded", weights)
    started, cpu = time.perf_counter(), time.process_time()
    replies = await asyncio.gather(
        *(
            model.complete(
                Request((Message("user", question),), MAX_TOKENS, seed=index),
                samples,
                received=Received(),
            )
            for index, question in enumerate(questions)
        )
    )
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    await model.close()
    tokens = sum(reply.usage.completion_tokens or 0 for reply in replies)
    return Round(len(questions), tokens, seconds, cpu)


def _llama_cpp(weights: Weights, questions: list[str], samples: int, slots: int) -> Round:
    with llama_cpp(weights, slots=slots, context=512) as server:
        started, cpu = time.perf_counter(), server.cpu_seconds()
        asyncio.run(_ask(server.base_url, questions, samples, slots))
        seconds, cpu = time.perf_counter() - started, server.cpu_seconds() - cpu
        return Round(len(questions), server.counters().completion_tokens, seconds, cpu)


async def _ask(base_url: str, questions: list[str], samples: int, slots: int) -> None:
    """Ask every question with n = samples, as many at once as there are slots for."""
    gate = asyncio.Semaphore(max(1, slots // samples))
    async with aiohttp.ClientSession() as session:

        async def one(index: int, question: str) -> None:
            body = {
                "messages": [{"role": "user", "content": question}],
                "max_tokens": MAX_TOKENS,
                "temperature": 1.0,
                "n": samples,
                "seed": index,
            }
            async with gate, session.post(f"{base_url}/chat/completions", json=body) as reply:
                reply.raise_for_status()
                await reply.read()

        await asyncio.gather(*(one(*numbered) for numbered in enumerate(questions)))


def _cold(path: Path) -> float:
    """Seconds from a fresh interpreter's first statement to the end of a one-token completion."""
    program = f"""
import time; started = time.perf_counter()
import asyncio
from its.models.embedded.blas import pin_to_one_thread
pin_to_one_thread()
from pathlib import Path
from its.models.embedded.model import EmbeddedModel
from its.models.embedded.weights import read_weights
from its.models.protocol import Received, Request
from its.problems.problem import Message
model = EmbeddedModel("cold", read_weights(Path({str(path)!r})))
request = Request((Message("user", "41*3+5*24-37"),), 1)
asyncio.run(model.complete(request, received=Received()))
print(time.perf_counter() - started)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return float(run.stdout)


if __name__ == "__main__":
    main()
