"""What a loopback server says: the same words for the same question, always."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

TOKEN = 4
"""Characters in a token of these servers: a text of k characters has ceil(k / 4) tokens."""

WORDED_BY = ("model", "messages", "prompt", "temperature", "top_p", "seed")


@dataclass(frozen=True, slots=True)
class Ask:
    """One choice that is to be written.

    `digest` identifies what was asked and `prompt` is all of its text.
    """

    digest: bytes
    prompt: str
    body: Mapping[str, Any]
    choice: int

    def draw(self, salt: str = "") -> float:
        """A number in [0, 1) that this choice and the salt decide."""
        return draw(self.digest, f"{self.choice}:{salt}")


Script = Callable[[Ask], str]
"""Writes one choice."""


def hashed_words(tokens: int) -> Script:
    """A script of made-up words, about `tokens` long, that ends in "Answer: <0 to 9>"."""

    def script(ask: Ask) -> str:
        seed = blake2b(ask.digest, key=str(ask.choice).encode()).hexdigest()
        length = max(0, int(TOKEN * tokens * (0.5 + int(seed[:4], 16) / 65536)) - 9)
        filler = (seed * (length // len(seed) + 1))[:length]
        return f"{filler}\nAnswer: {int(seed[-2:], 16) % 10}"

    return script


def rules(table: Sequence[tuple[str, Sequence[tuple[str, float]]]], otherwise: Script) -> Script:
    """A script of (pattern, [(reply, weight), ...]): the first pattern found in the prompt
    decides, and its replies are drawn by weight from what was asked."""
    compiled = [(re.compile(pattern), tuple(replies)) for pattern, replies in table]

    def script(ask: Ask) -> str:
        for pattern, replies in compiled:
            if pattern.search(ask.prompt):
                return _weighted(replies, ask.draw())
        return otherwise(ask)

    return script


def count_tokens(text: str) -> int:
    return -(-len(text) // TOKEN)


def pieces(text: str) -> list[str]:
    """The text's tokens."""
    return [text[at : at + TOKEN] for at in range(0, len(text), TOKEN)]


def digest_of(path: str, body: Mapping[str, Any]) -> bytes:
    """What decides the words of a reply; how it is cut off and delivered does not."""
    asked = {key: body[key] for key in WORDED_BY if key in body}
    text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16, key=path.encode()[-64:]).digest()


def draw(digest: bytes, salt: str) -> float:
    """A number in [0, 1) decided by a digest and a salt."""
    hashed = blake2b(digest, digest_size=8, key=salt.encode()[-64:]).digest()
    return (int.from_bytes(hashed, "big") >> 11) / 2**53


def _weighted(replies: Sequence[tuple[str, float]], at: float) -> str:
    left = at * sum(weight for _, weight in replies)
    for text, weight in replies:
        left -= weight
        if left < 0:
            return text
    return replies[-1][0]
