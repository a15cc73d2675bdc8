"""A decoding batch driven by hand: draws that enter at chosen steps, and what each sample gave."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from its.models.embedded.batch import DecodingBatch, DecodingSample, Draw
from its.models.embedded.sampling import sequence_key
from its.models.embedded.tokenizer import chat_tokens, text_tokens
from its.models.embedded.transformer import Transformer
from its.models.embedded.weights import Shape
from its.problems.problem import Message
from tests.embedded.random_weights import SMALL, random_weights


@cache
def transformer(shape: Shape = SMALL, spread: float = 1.5) -> Transformer:
    return Transformer(random_weights(shape, spread=spread))


def draw(
    question: str,
    *,
    seed: int = 0,
    n: int = 1,
    limit: int = 40,
    temperature: float = 1.0,
    top_p: float = 1.0,
    stop: tuple[str, ...] = (),
    logprobs: int | None = 0,
    continues: str = "",
) -> Draw:
    prompt = chat_tokens((Message("user", question),), continues)
    return Draw(
        prompt=prompt,
        turn=len(prompt) - len(text_tokens(continues)),
        keys=tuple(sequence_key(seed, index) for index in range(n)),
        limit=limit,
        temperature=temperature,
        top_p=top_p,
        stop=stop,
        logprobs=logprobs,
    )


def run(
    model: Transformer, draws: Sequence[Draw], entering: Sequence[int] = (), capacity: int = 96
) -> list[list[DecodingSample]]:
    """Each draw's samples, in order; `entering` is the step before which each one begins."""
    batch = DecodingBatch(model, capacity)
    entering = entering or [0] * len(draws)
    samples: list[dict[int, DecodingSample]] = [{} for _ in draws]
    waiting = sorted(range(len(draws)), key=lambda number: entering[number], reverse=True)
    step = 0
    while waiting or batch.rows:
        while waiting and entering[waiting[-1]] <= step:
            if batch.free < len(draws[waiting[-1]].keys):
                break
            entered = draws[waiting.pop()]
            prefix, _ = model.prefill(entered.prompt[:-1])
            batch.add(entered, range(len(entered.keys)), prefix)
        if batch.rows:
            for row, sample in batch.step():
                number = next(i for i, known in enumerate(draws) if known is row.draw)
                samples[number][row.index] = sample
        step += 1
    return [[found[index] for index in sorted(found)] for found in samples]
