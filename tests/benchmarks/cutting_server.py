"""How soon a llama.cpp server stops decoding what was cut, by its own counters.

    python -m tests.benchmarks.cutting_server MODEL.gguf [--repeats 20]

Starts a server of its own on one thread. Each completion is cut after so many tokens by a watch,
as a cutting rule does it; meanwhile another thread asks the server what its slots are doing.
Printed are the seconds from the decision until no slot decodes, and the tokens decoded after it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from urllib.request import urlopen

import orjson

from its.models.openai.model import OpenAIModel
from its.models.openai.settings import OpenAISettings
from its.models.protocol import Capabilities, Received, Request
from its.models.watching import Cut
from its.problems.problem import Message
from tests.servers.process import ROOT


class AfterTokens:
    """Cuts after so many tokens, and remembers when it did and how many it had seen."""

    def __init__(self, tokens: int) -> None:
        self.after = tokens
        self.tokens = 0
        self.when = 0.0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self.tokens += tokens
        if self.tokens < self.after:
            return None
        self.when = time.monotonic()
        return Cut("cut", "enough")

    def ended(self, tokens: int | None) -> float | None:
        return None


def busy(root: str) -> bool:
    with urlopen(f"{root}/slots", timeout=30) as reply:
        return any(slot["is_processing"] for slot in orjson.loads(reply.read()))


def predicted(root: str) -> int:
    with urlopen(f"{root}/metrics", timeout=30) as reply:
        lines = reply.read().decode().splitlines()
    return int(next(x.split()[1] for x in lines if x.startswith("llamacpp:tokens_predicted_total")))


def idle_since(root: str) -> float:
    """When the server was first seen to decode nothing any more."""
    while busy(root):
        time.sleep(0.002)
    return time.monotonic()


async def measure(root: str, repeats: int, tokens: int) -> None:
    settings = OpenAISettings(
        "its", f"{root}/v1", capabilities=Capabilities(), extra_body={"ignore_eos": True}
    )
    model, waits, surplus, rates = OpenAIModel(settings), [], [], []
    try:
        for number in range(repeats):
            before, watch = predicted(root), AfterTokens(tokens)
            request = Request((Message("user", f"Tell a story of {number}."),), 1500, seed=number)
            started = time.monotonic()
            received = Received(watches=[watch])
            await model.complete(request, received=received)
            idle = await asyncio.to_thread(idle_since, root)
            assert received.stopped
            waits.append(idle - watch.when)
            surplus.append(predicted(root) - before - watch.tokens)
            rates.append(watch.tokens / (watch.when - started))
    finally:
        await model.close()
    print(
        f"{repeats} cuts at {median(rates):.0f} tokens/s: the server was idle after "
        f"{median(waits):.3f} s (longest {max(waits):.3f} s), "
        f"{median(surplus):.0f} tokens more (most {max(surplus)})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=40)
    options = parser.parse_args()
    command = [sys.executable, "-m", "tests.servers.llama_cpp", options.model]
    command += ["--slots=1", "--context=2048"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            root = server.stdout.readline().strip()
            asyncio.run(measure(root, options.repeats, options.tokens))
        finally:
            server.kill()


if __name__ == "__main__":
    main()
