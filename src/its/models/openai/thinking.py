"""A model's reasoning, kept apart from its answer in every spelling in which servers send it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_FIELDS = ("reasoning_content", "reasoning", "thinking", "thought", "reasoning_text")
_PART_KINDS = ("thinking", "reasoning", "thought", "summary")
_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<unused94>", "<unused95>"),
)
_CLOSES_ALONE = re.compile(r"</think>|◁/think▷|\[/THINK\]")
_ENDINGS = re.compile(r"<\|(?:end|return|start|end_of_turn)\|>(?:assistant)?")


def reasoning_in(message: Mapping[str, Any]) -> str:
    """The reasoning in a message or a piece of one: in a field of its own (some servers send the
    same under two names), as details, or as parts of the content."""
    for name in _FIELDS:
        said = message.get(name)
        if said:
            text = _text_of(said)
            if text:
                return text
    details = message.get("reasoning_details")
    if isinstance(details, list):
        return "".join(_text_of(item) for item in details)
    content = message.get("content")
    if isinstance(content, list):
        return "".join(_text_of(part) for part in content if _is_reasoning(part))
    return ""


def answer_in(content: Any) -> str:
    """The text of a content field: a string, or the parts of it that are no reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else _string(part.get("text"))
            for part in content
            if isinstance(part, str) or (isinstance(part, dict) and not _is_reasoning(part))
        )
    return ""


def split_inline(text: str) -> tuple[str, str, int]:
    """Reasoning that stands inside the text, the text after it, and where that begins.

    Reasoning opens the text; some templates open it inside the prompt, so that only its end
    comes. What never ends is reasoning to the last character.
    """
    if "<" not in text and "[" not in text and "◁" not in text:
        return "", text, 0  # one of them begins every mark
    start = len(text) - len(text.lstrip())
    for opening, closing in _MARKS:
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            if end < 0:
                return text[start + len(opening) :], "", len(text)
            return _parted(text, start + len(opening), end, end + len(closing))
    alone = _CLOSES_ALONE.search(text)
    if alone is not None and not any(opening in text for opening, _ in _MARKS):
        return _parted(text, 0, alone.start(), alone.end())
    return "", text, 0


def _parted(text: str, start: int, end: int, after: int) -> tuple[str, str, int]:
    rest = text[after:]
    begins = after + len(rest) - len(rest.lstrip())
    reasoning = _ENDINGS.sub("", text[start:end]).strip()
    return reasoning, _ENDINGS.sub("", text[begins:]), begins


def _is_reasoning(part: Any) -> bool:
    return isinstance(part, dict) and (
        str(part.get("type", "")).startswith(_PART_KINDS) or part.get("thought") is True
    )


def _text_of(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth > 4:
        return ""
    if isinstance(value, list):
        return "".join(_text_of(item, depth + 1) for item in value)
    if isinstance(value, dict):
        for name in ("text", "thinking", "content", "reasoning", "summary", "reasoning_content"):
            said = _text_of(value.get(name), depth + 1)
            if said:
                return said
    return ""


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
