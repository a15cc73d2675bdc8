"""The options of a multiple-choice question, and which of them the reference names."""

from __future__ import annotations

import re
from typing import Any

from its.problems.json_line import LineFault, type_name

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_LETTERED = re.compile(r"\(?([A-Z])[).:]\s*(?=\S)")


def are_choices(value: Any) -> bool:
    """Whether the value of a field that may also mean something else is a list of choices."""
    if isinstance(value, dict):
        lettered = list(value) == list(LETTERS[: len(value)])
        return lettered or isinstance(value.get("text"), list)
    return isinstance(value, list) and all(isinstance(entry, str | int | dict) for entry in value)


def read_choices(field: str, value: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and labels, in order; labels are empty where the input gives none.

    Understood: ["4", "5"], {"A": "4", "B": "5"}, [{"label": "A", "text": "4"}, …] and
    {"text": ["4", …], "label": ["A", …]}. Letters written into the texts ("A) 4") are taken off.
    Raises LineFault.
    """
    pairs = _pairs(field, value)
    texts = [text for _, text in pairs]
    if not 2 <= len(texts) <= len(LETTERS):
        raise LineFault(f"field {field!r} has {len(texts)} choices; give 2 to {len(LETTERS)}")
    if all(
        (found := _LETTERED.match(text)) and found[1] == letter
        for letter, text in zip(LETTERS, texts, strict=False)
    ):
        texts = [_LETTERED.sub("", text, count=1) for text in texts]
    labels = tuple(label for label, _ in pairs if label is not None)
    return tuple(texts), labels


def named_choice(
    field: str, reference: Any, texts: tuple[str, ...], labels: tuple[str, ...]
) -> str:
    """The letter of the choice that a reference names by label, letter, place (from 0) or text.

    Raises LineFault where it names none, or where its readings disagree.
    """
    if isinstance(reference, bool) or not isinstance(reference, str | int):
        raise LineFault(f"field {field!r} must name a choice, not hold {type_name(reference)}")
    written = str(reference).strip()
    if written in labels:
        return LETTERS[labels.index(written)]
    readings = {i for i, text in enumerate(texts) if text.strip() == written}
    if letter := _LETTER.fullmatch(written):
        readings.add(LETTERS.index(letter[1].upper()))
    if re.fullmatch(r"[0-9]{1,2}", written):
        readings.add(int(written))
    readings = {i for i in readings if i < len(texts)}
    if len(readings) == 1:
        return LETTERS[readings.pop()]
    problem = "may mean several of the choices" if readings else "names none of the choices"
    raise LineFault(
        f"field {field!r} ({written[:40]!r}) {problem}; give the letter of the right one"
    )


def _pairs(field: str, value: Any) -> list[tuple[str | None, str]]:
    """(label, text) of each choice."""
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        labels = value.get("label")
        if not isinstance(labels, list) or len(labels) != len(value["text"]):
            labels = [None] * len(value["text"])
        entries = list(zip(labels, value["text"], strict=True))
    elif isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = [
            (entry.get("label"), entry.get("text")) if isinstance(entry, dict) else (None, entry)
            for entry in value
        ]
    else:
        raise LineFault(f"field {field!r} must be a list of choices, not {type_name(value)}")
    return [(None if label is None else str(label), _text(field, text)) for label, text in entries]


def _text(field: str, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise LineFault(f"field {field!r} holds {type_name(value)} where a choice's text belongs")
    return value
