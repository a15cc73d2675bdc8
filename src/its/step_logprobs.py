"""A text as steps, each with the log-probability of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from its.models.protocol import TokenLogprob

# Where a score's details hold those of a candidate's steps.
STEP_LOGPROBS = "step_logprobs"


@dataclass(frozen=True, slots=True)
class Step:
    """A step's text with its separator, its natural-log probability, and its tokens."""

    text: str
    logprob: float
    tokens: int

    @property
    def per_token(self) -> float:
        return self.logprob / max(1, self.tokens)


def steps_of(text: str, logprobs: Sequence[TokenLogprob], separator: str) -> list[Step]:
    """The steps of a text, each with the tokens that begin in it."""
    pieces = text.split(separator)
    texts = [piece + separator for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    sums, counts = [0.0] * len(texts), [0] * len(texts)
    place, step, end = 0, 0, len(texts[0]) if texts else 0
    for token in logprobs:
        while place >= end and step < len(texts) - 1:
            step += 1
            end += len(texts[step])
        if texts:
            sums[step] += token.logprob
            counts[step] += 1
        place += len(token.token)
    return [Step(*each) for each in zip(texts, sums, counts, strict=True)]
