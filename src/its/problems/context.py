"""The text that a question is about, which stands above it."""

from __future__ import annotations

from typing import Any

import orjson

CONTEXT_FIELDS = (
    "passage", "context", "body", "premise", "article", "paragraph", "story", "document",
    "background", "excerpt", "contexts", "passages", "paragraphs", "documents",
)  # fmt: skip


def context_of(value: Any) -> str | None:
    """The text of a passage; None where the value is no text.

    Understood: a text, a list of texts, and titles with their sentences as HotpotQA has them.
    """
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        titles, texts = value.get("title"), value.get("sentences", value.get("text"))
        if isinstance(texts, list) and isinstance(titles, list) and len(titles) == len(texts):
            return context_of([list(pair) for pair in zip(titles, texts, strict=True)])
        return context_of(texts) if isinstance(texts, str | list) else None
    if isinstance(value, list) and value:
        parts = [_paragraph(entry) for entry in value]
        return "\n\n".join(p for p in parts if p) if all(p is not None for p in parts) else None
    return None


def text_of(value: Any) -> str:
    """A field's value inside a template."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return context_of(value) or orjson.dumps(value).decode()


def _paragraph(entry: Any) -> str | None:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], list):
        sentences = [each for each in entry[1] if isinstance(each, str)]
        return f"{entry[0]}\n{''.join(sentences)}" if isinstance(entry[0], str) else None
    if isinstance(entry, list) and len(entry) == 2 and all(isinstance(e, str) for e in entry):
        return f"{entry[0]}\n{entry[1]}"
    return None
