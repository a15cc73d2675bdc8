"""Tokens without a tokenizer: estimates where an endpoint is silent, and safe upper bounds."""

from __future__ import annotations

from its.models.openai.json_text import encode
from its.models.protocol import Request

BYTES_PER_TOKEN = 3.5
TURN_TOKENS = 16
"""What a chat template adds to a turn, at most."""
CONVERSATION_TOKENS = 128
"""What a chat template adds to a conversation, at most (some put in a system prompt)."""


def estimate(text: str) -> int:
    """About how many tokens a text has: one for every 3.5 bytes of UTF-8, and a part is one."""
    return -int(-_size(text) // BYTES_PER_TOKEN)


def estimate_prompt(request: Request) -> int:
    """About how many tokens a request's prompt has (a turn's markers are about four)."""
    texts = (*(message.content for message in request.messages), request.continues)
    return sum(map(estimate, texts)) + 4 * (len(request.messages) + 1)


def prompt_bound(request: Request) -> int:
    """More prompt tokens than the request can have.

    Byte-level and byte-fallback tokenizers never make more tokens than the text has bytes.
    """
    texts = [message.content for message in request.messages]
    if request.continues:
        texts.append(request.continues)
    schema = 0 if request.json_schema is None else len(encode(request.json_schema))
    turns = TURN_TOKENS * (len(texts) + 1)
    return sum(map(_size, texts)) + schema + turns + CONVERSATION_TOKENS


def raw_bound(prompt: str) -> int:
    """More tokens than a raw prompt can have."""
    return _size(prompt) + TURN_TOKENS


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
