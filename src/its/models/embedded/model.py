"""An embedded model as the rest of the program sees it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from its.errors import PermanentCallError, PromptTooLong, Unsupported
from its.models.embedded.batch import DecodingSample, Draw
from its.models.embedded.engine import Engine, SampledToken
from its.models.embedded.sampling import sequence_key
from its.models.embedded.tokenizer import chat_tokens, text_tokens, token_text
from its.models.embedded.transformer import Transformer
from its.models.embedded.weights import Floats, Weights
from its.models.protocol import (
    Capabilities,
    Completion,
    Received,
    Reply,
    Request,
    TokenLogprob,
)
from its.models.watching import stopped
from its.problems.problem import Message
from its.usage import Usage


class EmbeddedModel:
    """A Model that runs in this process, on one core, in a thread of its own.

    The same request with the same seed gives the same reply, whatever else is being written.
    """

    def __init__(self, name: str, weights: Weights) -> None:
        self.name = name
        self.shape = weights.shape
        self.parameters = weights.shape.parameters
        self._engine = Engine(Transformer(weights))

    async def probe(self) -> tuple[Capabilities, Usage]:
        """What every embedded model does; nothing is asked and nothing spent."""
        capabilities = Capabilities(
            n=True,
            usage="summed",
            continues="trailing",
            trims_stop=True,
            names_stop=True,
            logprobs=True,
            scores=True,
            cuts_each=True,
            context=self.shape.max_position_embeddings,
        )
        return capabilities, Usage()

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """See Model. `max_tokens` is cut to what the context still takes. Completion i of a seed
        is the same for every n. FLOPs are of one prefill and each completion's own tokens."""
        if request.scored:
            return await self._scored(request, received)
        started = time.monotonic()
        draw = replace(self._draw(request, n), watches=tuple(received.watches))
        received.watched = True
        done = asyncio.wrap_future(self._engine.draw(draw))
        received.sent = True
        received.prompt_tokens = len(draw.prompt)
        try:
            drawn = await asyncio.shield(done)
        except asyncio.CancelledError:
            self._engine.cancel(draw)
            with suppress(RuntimeError):  # the engine was closed meanwhile
                _note(await done, received)
            raise
        _note(drawn, received)
        received.stopped = all(sample.finish is None for sample in drawn.samples)
        usage = self._usage(len(draw.prompt), [len(s.tokens) for s in drawn.samples], started)
        return Reply(tuple(_completion(s, draw.logprobs) for s in drawn.samples), usage)

    async def score_text(
        self, messages: Sequence[Message], text: str, *, top: int = 0
    ) -> tuple[tuple[TokenLogprob, ...], Usage]:
        """The log-probability of each token of an assistant's given text, and what that cost.

        `top` is how many alternatives to return beside each. Raises PromptTooLong.
        """
        started = time.monotonic()
        prompt = chat_tokens(messages)
        tokens = prompt + text_tokens(text)
        self._check_fits(len(tokens), room=0)
        logprobs = await asyncio.wrap_future(self._engine.score(tokens, len(prompt)))
        written = tokens[len(prompt) :]
        chosen = logprobs[np.arange(len(written)), np.frombuffer(written, np.uint8)]
        usage = self._usage(len(tokens), [], started)
        return _token_logprobs(written, chosen, logprobs, top), usage

    def prompt_bound(self, request: Request) -> int:
        """Exactly the request's prompt tokens."""
        return len(chat_tokens(request.messages, request.continues + request.scored))

    def count_tokens(self, text: str) -> int:
        return len(text_tokens(text))

    async def close(self) -> None:
        self._engine.close()

    async def _scored(self, request: Request, received: Received) -> Reply:
        received.sent = True
        received.prompt_tokens = self.prompt_bound(request)
        top = request.logprobs or 0
        logprobs, usage = await self.score_text(request.messages, request.scored, top=top)
        return Reply((Completion("", "end", 0, logprobs),), replace(usage, calls=1, completions=1))

    def _draw(self, request: Request, n: int) -> Draw:
        if request.json_schema is not None:
            raise Unsupported(f"{self.name} has no constrained output; drop the JSON schema.")
        prompt = chat_tokens(request.messages, request.continues)
        if not request.messages:
            raise PermanentCallError(f"{self.name} was asked nothing: the call has no message.")
        self._check_fits(len(prompt), room=1)
        seed = int.from_bytes(os.urandom(8)) if request.seed is None else request.seed
        return Draw(
            prompt=prompt,
            turn=len(prompt) - len(text_tokens(request.continues)),
            keys=tuple(sequence_key(seed, index) for index in range(n)),
            limit=min(request.max_tokens, self.shape.max_position_embeddings - len(prompt)),
            temperature=request.temperature,
            top_p=request.top_p,
            stop=tuple(
                stop for stop in request.stop if stop and len(text_tokens(stop)) == len(stop)
            ),
            logprobs=request.logprobs,
        )

    def _check_fits(self, tokens: int, room: int) -> None:
        context = self.shape.max_position_embeddings
        if tokens + room > context:
            raise PromptTooLong(
                f"{self.name} reads and writes {context} tokens in all, and this prompt has "
                f"{tokens}; shorten it."
            )

    def _usage(self, prompt: int, completions: list[int], started: float) -> Usage:
        return Usage(
            calls=1,
            completions=len(completions),
            prompt_tokens=prompt,
            completion_tokens=sum(completions),
            flops=self.shape.flops(0, prompt)
            + sum(self.shape.flops(prompt, tokens) for tokens in completions),
            seconds=time.monotonic() - started,
        )


def _note(drawn: SampledToken, received: Received) -> None:
    """Say what was written; a prompt that had not been run when its call was cancelled cost
    nothing."""
    received.tokens = sum(len(sample.tokens) for sample in drawn.samples)
    received.text = "".join(sample.text for sample in drawn.samples[:1])
    if not drawn.prefilled:
        received.sent, received.prompt_tokens = False, 0


def _completion(sample: DecodingSample, top: int | None) -> Completion:
    if sample.cut is not None:
        tokens = len(sample.tokens) if sample.finish is None else None
        return stopped(Completion(sample.text, "end", tokens), sample.cut)
    assert sample.finish is not None
    logprobs = None
    if sample.logprobs is not None:
        logprobs = _token_logprobs(sample.tokens, sample.logprobs, sample.alternatives, top or 0)
    return Completion(
        sample.text,
        sample.finish,
        len(sample.tokens),
        logprobs,
        least_confidence=sample.least_confidence,
    )


def _token_logprobs(
    tokens: bytes, chosen: Floats, all_logprobs: Floats | None, top: int
) -> tuple[TokenLogprob, ...]:
    """Per token its text, log-probability and the likeliest `top`, best first."""
    texts = [token_text(bytes([token])) for token in tokens]
    if not top or all_logprobs is None:
        return tuple(map(TokenLogprob, texts, chosen.tolist()))
    best = np.argsort(-all_logprobs, axis=1, kind="stable")[:, :top]
    values = np.take_along_axis(all_logprobs, best, axis=1)
    alternatives = [
        tuple((token_text(bytes([token])), value) for token, value in zip(*pair, strict=True))
        for pair in zip(best.tolist(), values.tolist(), strict=True)
    ]
    return tuple(map(TokenLogprob, texts, chosen.tolist(), alternatives))
