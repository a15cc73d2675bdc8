"""The project's own verifier, served as a process reward model in vLLM's format.

    with served_verifier() as verifier:
        reward = verifier.reward()      # settings for `select.reward`
        assert verifier.counts()["calls"] == ...

The verifier's verdict on a line is the probability that it gives to the line, so it is no head on
its last hidden state: a sequence classifier (llama.cpp takes none of its architecture anyway)
would have to be trained anew. This process reads the replies with the shipped weights and answers
`/pooling` as a server with step pooling does: a row of two classes for each step tag.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np

from its.models.embedded import weights_of
from its.models.embedded.tokenizer import ASSISTANT, chat_tokens
from its.models.embedded.transformer import Transformer
from its.problems.problem import Message
from tests.servers.rewards import STEP_END, Refused, RewardServer, reward_server

ROOT = Path(__file__).resolve().parents[2]
NAME = "small-verifier"
STYLE = "Step by step: "


@dataclass
class VerifierServer(RewardServer):
    """The probability of every line, as the verifier's own reply to the question step by step."""

    model: str = NAME
    transformer: Transformer = field(
        default_factory=lambda: Transformer(weights_of(f"embedded:{NAME}"))
    )

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/counts":
            return 200, {"calls": self.calls, "texts": self.texts, "tokens": self.tokens}
        return super().answer(path, body)

    def _pooling(self, body: dict[str, Any]) -> Any:
        *_, question, reply = (str(turn["content"]) for turn in body["messages"])
        steps = [step.strip() for step in reply.split(STEP_END)[:-1]]
        tokens = chat_tokens([Message("user", STYLE + question)], "\n".join(steps) + "\n")
        context = self.transformer.shape.max_position_embeddings
        if len(tokens) > context:
            said = f"This model's maximum context length is {context} tokens."
            raise Refused(400, {"error": {"message": said, "type": "BadRequestError"}})
        self.texts += 1
        self.tokens += len(tokens)
        rows = [[1 - chance, chance] for chance in self._chances(tokens, steps)]
        usage = {"prompt_tokens": len(tokens), "total_tokens": len(tokens)}
        data = [{"index": 0, "object": "pooling", "data": rows}]
        return {"object": "list", "model": self.model, "data": data, "usage": usage}

    def _chances(self, tokens: bytes, steps: list[str]) -> list[float]:
        """The probability of each line with its end, given the lines before it."""
        _, x = self.transformer.prefill(tokens)
        logits = self.transformer.logits(x).astype(np.float64)
        logits -= logits.max(1, keepdims=True)
        logprobs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        at, chances = tokens.index(ASSISTANT) + 1, []
        for step in steps:
            end = at + len(step) + (not step.startswith("Answer:"))  # which ends a turn, not a line
            chosen = np.frombuffer(tokens[at:end], np.uint8)
            chances.append(float(np.exp(logprobs[np.arange(at - 1, end - 1), chosen].sum())))
            at += len(step) + 1
        return chances


@dataclass(frozen=True, slots=True)
class ServedVerifier:
    """The server in a process of its own: its address, and what it counted."""

    url: str

    def counts(self) -> dict[str, int]:
        with urlopen(f"{self.url}/counts", timeout=30) as reply:
            counted: dict[str, int] = json.load(reply)
        return counted

    def reward(self) -> dict[str, Any]:
        """The settings of the reward that asks it: the chance that every step so far is right."""
        return {
            "method": "endpoint",
            "base_url": self.url,
            "name": NAME,
            "api": "vllm_pooling",
            "step_end": STEP_END,
            "step_separator": "\n",
            "aggregation": "prod",
        }


@contextmanager
def served_verifier() -> Iterator[ServedVerifier]:
    """Start it; it ends with this process, whatever happens: it waits on its standard input."""
    command = [sys.executable, "-m", "tests.servers.verifier"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield ServedVerifier(process.stdout.readline().strip())
        finally:
            process.kill()


async def _serve() -> None:
    async with reward_server(VerifierServer()) as server:
        print(server.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
