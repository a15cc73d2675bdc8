"""The options of a multiple-choice question, in every form that files have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from its.problems.json_line import LineFault, type_name
from its.problems.names import is_filled, plain
from its.problems.tables import cell_value

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERED = re.compile(r"\(?([A-Za-z])\s?[).:]\s*(?=\S)")
_IN_TEXT = re.compile(r"(?:^|[\n,;|]|\s{2,})\s*\(?([A-Za-z])\s?[).:]\s*")
_COLUMN = re.compile(r"(?:|option|choice|answer|opt|op|ending|alternative|sol)([a-j]|[0-9])")

_FLAGS = frozenset(("iscorrect", "correct", "isright", "right", "isanswer", "isgold", "gold"))
_RIGHT = (True, "true", "True", "yes")


@dataclass(frozen=True, slots=True)
class Choices:
    """The texts in order, the labels that the input gives them (or none), the fields they came
    from, and where a number that names one most likely counts from."""

    texts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    first: int = 0


def are_choices(value: Any) -> bool:
    """Whether the value of a field that may also mean something else is a list of choices."""
    if isinstance(value, str):
        return len(_split(value)) > 1
    if isinstance(value, dict):
        lettered = list(value) == list(LETTERS[: len(value)])
        return lettered or isinstance(value.get("text"), list)
    return isinstance(value, list) and all(isinstance(entry, str | int | dict) for entry in value)


def read_choices(field: str, value: Any) -> Choices:
    """The choices that one field holds.

    Understood: ["4", "5"], {"A": "4", "B": "5"}, [{"label": "A", "text": "4"}, …],
    {"text": ["4", …], "label": ["A", …]}, and one text: "A) 4, B) 5" or a line each. Letters
    written into the texts ("A) 4") are taken off. Raises LineFault.
    """
    value = cell_value(value) if isinstance(value, str) else value
    if isinstance(value, str) and len(_split(value)) > 1:
        value = _split(value)
    pairs = _pairs(field, value)
    texts = [text for _, text in pairs]
    if not 2 <= len(texts) <= len(LETTERS):
        raise LineFault(f"field {field!r} has {len(texts)} choices; give 2 to {len(LETTERS)}")
    if all(
        (found := _LETTERED.match(text)) and found[1].upper() == letter
        for letter, text in zip(LETTERS, texts, strict=False)
    ):
        texts = [_LETTERED.sub("", text, count=1) for text in texts]
    return Choices(tuple(texts), tuple(label for label, _ in pairs if label is not None), (field,))


def flagged(value: Any) -> int | None:
    """The place of the one choice that is marked as right: [{"text": …, "is_correct": true}, …]."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return None
    marked = [
        place
        for place, entry in enumerate(value)
        if any(plain(str(name)) in _FLAGS and is_right in _RIGHT for name, is_right in entry.items()
               if isinstance(is_right, bool | int | str))
    ]  # fmt: skip
    return marked[0] if len(marked) == 1 else None


def columns_of_choices(record: Mapping[str, Any], taken: tuple[str, ...] = ()) -> Choices:
    """Choices in fields of their own: A, B, C, D, or option1, option2, or answer_a, answer_b."""
    for fields in _columns(tuple(record)):
        filled = [name for name in fields if is_filled(record[name]) or record[name] == 0]
        if len(filled) > 1 and filled == list(fields[: len(filled)]) and not {*filled} & {*taken}:
            mark = plain(fields[0])[-1]
            texts = tuple(_text(name, record[name]) for name in filled)
            labels = tuple(LETTERS[: len(filled)]) if mark == "a" else ()
            return Choices(texts, labels, tuple(filled), 1 if mark == "1" else 0)
    return Choices()


def mixed(right: str, wrong: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Right and wrong choices in an order that their texts decide, and the right one's letter."""
    every = sorted({right, *wrong}, key=lambda text: blake2b(text.encode("utf-8", "replace"),
                                                             digest_size=8).digest())  # fmt: skip
    return tuple(every), LETTERS[every.index(right)]


@lru_cache(1024)
def _columns(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Fields whose names differ only by a letter from A or a number from 0 or 1 at their end."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        if found := _COLUMN.fullmatch(plain(name)):
            groups.setdefault(plain(name)[: -len(found[1])], []).append((found[1], name))
    series = ("abcdefghij", "123456789", "0123456789")
    return tuple(
        tuple(name for _, name in sorted(group))
        for group in groups.values()
        if len(group) > 1
        and any(s.startswith("".join(mark for mark, _ in sorted(group))) for s in series)
    )


def _split(text: str) -> list[str]:
    """The choices of a text such as "A) 4, B) 5", if its letters follow each other from A."""
    found = list(_IN_TEXT.finditer(text))
    starts: list[re.Match[str]] = []
    for match in found:
        if match[1].upper() == LETTERS[len(starts) : len(starts) + 1]:
            starts.append(match)
    if len(starts) < 2 or text[: starts[0].start()].strip():
        return []
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return [text[m.end() : end].strip(" ,;|\n") for m, end in zip(starts, ends, strict=True)]


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
        entries = [_labelled(e) if isinstance(e, dict) else (None, e) for e in value]
    else:
        raise LineFault(f"field {field!r} must be a list of choices, not {type_name(value)}")
    return [(None if label is None else str(label), _text(field, text)) for label, text in entries]


def _labelled(entry: dict[str, Any]) -> tuple[Any, Any]:
    text = next((entry[n] for n in ("text", "content", "value") if n in entry), None)
    return next((entry[n] for n in ("label", "key", "id") if n in entry), None), text


def _text(field: str, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise LineFault(f"field {field!r} holds {type_name(value)} where a choice's text belongs")
    return value
