"""Model output put before a model stays data: a fence that the text inside cannot close."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import blake2b


def fenced(
    texts: Sequence[str], label: str = "response", *, numbered: bool | None = None
) -> list[str]:
    """Each text between an opening and a closing line that carry one tag for all of them.

    The tag comes from a hash of all the texts and occurs in none of them (not in other letter
    case or width either), so no text can close its fence or open another one. The lines number
    the texts from 1: `<response 1 tag>` … `</response 1 tag>`; a single text has no number unless
    `numbered` asks for it.
    """
    tag = _tag(texts)
    numbered = len(texts) > 1 if numbered is None else numbered
    numbers = [f" {i}" if numbered else "" for i in range(1, len(texts) + 1)]
    return [
        f"<{label}{number} {tag}>\n{text}\n</{label}{number} {tag}>"
        for number, text in zip(numbers, texts, strict=True)
    ]


def fenced_by_name(texts: Mapping[str, str]) -> dict[str, str]:
    """The same for texts that have names: `<draft tag>` … `</draft tag>`, one tag for all."""
    tag = _tag(list(texts.values()))
    return {name: f"<{name} {tag}>\n{text}\n</{name} {tag}>" for name, text in texts.items()}


def _tag(texts: Sequence[str]) -> str:
    folded = [unicodedata.normalize("NFKC", text).casefold() for text in texts]
    salt = 0
    while True:
        digest = blake2b(digest_size=6, salt=salt.to_bytes(8, "big"))
        for text in texts:
            encoded = text.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
        tag = digest.hexdigest()
        if not any(tag in text for text in folded):
            return tag
        salt += 1
