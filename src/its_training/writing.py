"""Having a model write many replies: the shipped numpy engine, in several processes.

Evaluation runs on the engine that users run, so its figures are theirs, and its FLOPs are charged
by the same formula. A prompt is charged once for all samples drawn from it, as the engine does.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from its.models.embedded.blas import pin_to_one_thread

if TYPE_CHECKING:
    from its.models.embedded.batch import DecodingSample
    from its.models.embedded.engine import Engine, SampledToken
    from its.models.embedded.weights import Shape


@dataclass(frozen=True)
class Ask:
    """A prompt (one user turn), and how many replies are wanted of it, at what temperature."""

    prompt: str
    seed: int = 0
    n: int = 1
    temperature: float = 0.0
    continues: str = ""
    stop: tuple[str, ...] = ()
    limit: int = 640
    logprobs: bool = False


@dataclass(frozen=True)
class Written:
    """One reply: text without what it continued, tokens, FLOPs without the prompt's, finish reason;
    where asked, each token's log probability and the probabilities of the digits 0..9 at its last
    character."""

    text: str
    tokens: int
    flops: float
    finish: str
    logprobs: tuple[float, ...] = ()
    last_digit: tuple[float, ...] = ()


@dataclass(frozen=True)
class Answered:
    """The replies to one Ask, and the FLOPs of running its prompt."""

    replies: tuple[Written, ...]
    prompt_flops: float

    @property
    def flops(self) -> float:
        return self.prompt_flops + sum(reply.flops for reply in self.replies)


@dataclass(frozen=True)
class Read:
    """A text read as the reply to a prompt: each token's log probability, and FLOPs, prompt
    included."""

    logprobs: tuple[float, ...]
    flops: float


class Writers:
    """Processes that each hold one model; use as a context manager."""

    def __init__(self, weights: Path, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, context, _open, (weights,))
        self._processes = processes

    def __enter__(self) -> Writers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def write(self, asks: Sequence[Ask]) -> list[Answered]:
        """Replies to every ask, in order. What is written does not depend on the grouping."""
        total = sum(ask.n for ask in asks)
        size = max(1, round(len(asks) * 1024 / max(1024, total)))
        size = max(1, min(size, -(-len(asks) // self._processes)))
        groups = [asks[i : i + size] for i in range(0, len(asks), size)]
        return [answer for group in self._pool.map(_write, groups) for answer in group]

    def read(self, passages: Sequence[tuple[str, str]]) -> list[Read]:
        """The probabilities of texts as replies to prompts, (prompt, text) each, in order."""
        groups = [passages[i : i + 256] for i in range(0, len(passages), 256)]
        return [read for group in self._pool.map(_read, groups) for read in group]


def shape_of(weights: Path) -> Shape:
    """The shape of a weight file's model, which knows its parameters and FLOPs."""
    pin_to_one_thread()
    from its.models.embedded.weights import read_weights

    return read_weights(weights).shape


_engine: Engine
_shape: Shape


def _open(weights: Path) -> None:
    global _engine, _shape  # noqa: PLW0603  (a process holds one model for its life)
    pin_to_one_thread()
    from its.models.embedded.engine import Engine
    from its.models.embedded.transformer import Transformer
    from its.models.embedded.weights import read_weights

    read = read_weights(weights)
    _shape = read.shape
    _engine = Engine(Transformer(read))


def _write(asks: Sequence[Ask]) -> list[Answered]:
    from its.models.embedded.batch import Draw
    from its.models.embedded.sampling import sequence_key
    from its.models.embedded.tokenizer import chat_tokens, text_tokens
    from its.problems.problem import Message

    drawn: list[tuple[Ask, bytes, Future[SampledToken] | None]] = []
    for ask in asks:
        prompt = chat_tokens([Message("user", ask.prompt)], ask.continues)
        limit = min(ask.limit, _shape.max_position_embeddings - len(prompt))
        if limit < 1:
            drawn.append((ask, prompt, None))
            continue
        draw = Draw(
            prompt=prompt,
            turn=len(prompt) - len(text_tokens(ask.continues)),
            keys=tuple(sequence_key(ask.seed, i) for i in range(ask.n)),
            limit=limit,
            temperature=ask.temperature,
            top_p=1.0,
            stop=ask.stop,
            logprobs=1 if ask.logprobs else None,
        )
        drawn.append((ask, prompt, _engine.draw(draw)))
    answers = []
    for ask, prompt, future in drawn:
        samples: tuple[DecodingSample, ...] = future.result().samples if future else ()
        replies = []
        for sample in samples:
            digits: tuple[float, ...] = ()
            if sample.alternatives is not None and sample.text[-1:].isdigit():
                place = sample.tokens.rindex(sample.text[-1].encode())
                digits = tuple(2.718281828459045 ** sample.alternatives[place, 48:58])
            replies.append(
                Written(
                    sample.text,
                    len(sample.tokens),
                    _shape.flops(len(prompt), len(sample.tokens)),
                    sample.finish or "cancelled",
                    () if sample.logprobs is None else tuple(sample.logprobs.tolist()),
                    digits,
                )
            )
        if not samples:
            replies = [Written("", 0, 0.0, "length")] * ask.n
        answers.append(Answered(tuple(replies), _shape.flops(0, len(prompt))))
    return answers


def _read(passages: Sequence[tuple[str, str]]) -> list[Read]:
    import numpy as np

    from its.models.embedded.tokenizer import chat_tokens, text_tokens
    from its.problems.problem import Message

    reads = []
    for prompt, text in passages:
        head, written = chat_tokens([Message("user", prompt)]), text_tokens(text)
        written = written[: _shape.max_position_embeddings - len(head)]
        if not written:
            reads.append(Read((), 0.0))
            continue
        logprobs = _engine.score(head + written, len(head)).result()
        chosen = logprobs[np.arange(len(written)), np.frombuffer(written, np.uint8)]
        reads.append(Read(tuple(chosen.tolist()), _shape.flops(0, len(head) + len(written))))
    return reads
