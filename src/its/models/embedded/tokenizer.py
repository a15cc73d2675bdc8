"""The embedded models' tokens: one ASCII character each, and the turns of a chat.

A token's id is its character's ASCII code: newline is 10, the printable ones are 32 to 126. Five
ids that no character has mark the turns. Characters outside this set are dropped, and no text,
whatever a user types, can become one of the markers: those are only ever put in by `chat_tokens`.
"""

from __future__ import annotations

from collections.abc import Sequence

from its.problems.problem import Message

VOCABULARY_SIZE = 128
PAD, USER, ASSISTANT, END, SYSTEM = range(5)
SPECIAL_TOKENS = ("<|pad|>", "<|user|>", "<|assistant|>", "<|end|>", "<|system|>")

_CHARACTERS = bytes([10, *range(32, 127)])
_SILENT = bytes(sorted(set(range(256)) - set(_CHARACTERS)))


def text_tokens(text: str) -> bytes:
    """A text's token ids, a byte each; what the vocabulary lacks is dropped."""
    return text.encode("ascii", "ignore").translate(None, _SILENT)


def token_text(tokens: bytes) -> str:
    """The text of token ids; markers and unused ids have none."""
    return tokens.translate(None, _SILENT).decode("ascii")


def chat_tokens(messages: Sequence[Message], continues: str = "") -> bytes:
    """A conversation as the models were taught it, up to where the assistant is to write.

    `<|user|>CONTENT<|assistant|>CONTENT<|end|>…<|assistant|>CONTINUES`. A system message goes
    before the next user's content, a newline between; with no user turn after it, it is one.
    """
    parts: list[bytes] = []
    instructions = ""
    for message in messages:
        if message.role == "system":
            instructions += message.content + "\n"
        elif message.role == "user":
            parts += [bytes([USER]), text_tokens(instructions + message.content)]
            instructions = ""
        else:
            parts += [bytes([ASSISTANT]), text_tokens(message.content), bytes([END])]
    if instructions:
        parts += [bytes([USER]), text_tokens(instructions[:-1])]
    parts += [bytes([ASSISTANT]), text_tokens(continues)]
    return b"".join(parts)
