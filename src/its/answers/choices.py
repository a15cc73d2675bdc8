"""Reading the letter of a choice, by what follows it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from its.answers.latex import strip_wrapping, words_of
from its.answers.markers import statements
from its.answers.normal_form import normal_form
from its.candidates import Answer

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT = 200  # characters of a reply that may be nothing but an answer
_ONLY = re.compile(
    r"(?:(?:option|choice|answer|letter)\s*:?\s*)?['\"(\[]?\s*([A-Za-z])\s*['\")\]]?[\s.:!]*",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"(?:both\s+)?[(\[]?([A-Za-z])[)\]]?"
    r"(?:\s*(?:,|;|/|&|\band\b|\bor\b)+\s*[(\[]?([A-Za-z])[)\]]?)+[\s.]*",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"(?:(?:option|choice|letter)\s+)?(?:[(\[]\s*([A-Za-z])\s*[)\]][:.]?\s*|([A-Za-z])(?:\s*[).\]]|:)\s*"
    r"|([A-Z])(?:\s+[-–—]\s+|,\s|\s+(?=\()))",
    re.IGNORECASE,
)
_NAMED_HEAD = re.compile(
    r"(?:(?:option|choice|letter)\s+)?([A-Z])\s+(?:is|because|since|as)\b(?P<rest>.*)", re.DOTALL
)
_RIGHT = re.compile(
    r"\s*(?:clearly |surely |certainly )?(?:the )?(?:correct|right|true|best|answer)\b"
)
_NAMED = re.compile(r"\b(?:option|choice)[\s(*_]{1,4}([A-Z])(?![A-Za-z])", re.IGNORECASE)
_MARKED = re.compile(r"\(([A-Z])\)|\*\*\(?([A-Z])(?:[).:]|\*\*)|\s([A-Z])[.)*。!]{0,3}\s*\Z")
_REJECTED = re.compile(
    r"[)\]*]{0,3}\s+(?:is|was|are|seems|looks)(?:\s+\w+)?\s+(?:wrong|incorrect|false|not|out|too)\b"
    r"|[)\]*]{0,3}\s+(?:isn't|is not|cannot|can't)\b"
)


def read_choice(text: str, choices: Sequence[str]) -> Answer | None:
    """A letter, or the text of a choice, in an explicit answer; else the last letter that is
    marked as one, as a guess. An answer of several letters abstains."""
    allowed = LETTERS[: len(choices)] if choices else LETTERS
    stated = list(statements(text))
    if not stated and len(text) <= _SHORT:
        stated = [text]
    for content in map(_unwrapped, stated):
        if _names_several(content, allowed):
            return None
        if letter := _letter(content, allowed, choices) or _letter_of_text(content, choices):
            return Answer(letter, "choice")
    guess = next(_marked_letters(text, allowed), None)
    return None if guess is None else Answer(guess, "choice", fallback=True)


def _unwrapped(stated: str) -> str:
    return strip_wrapping(words_of(strip_wrapping(stated))[:2_000])


def _names_several(content: str, allowed: str) -> bool:
    found = _SEVERAL.fullmatch(content)
    if not found:
        return False
    letters = re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", content)
    return len({letter.upper() for letter in letters} & set(allowed)) > 1


def _letter(content: str, allowed: str, choices: Sequence[str]) -> str | None:
    """The letter a text begins with, where what follows it leaves no doubt that it is one."""
    if only := _ONLY.fullmatch(content):
        return _allowed(only[1], allowed)
    if named := _NAMED_HEAD.match(content):
        is_right = _RIGHT.match(named["rest"])
        return _allowed(named[1], allowed) if is_right or " is" not in named[0][:9] else None
    if (head := _HEAD.match(content)) and (letter := head[1] or head[2] or head[3]):
        if letter in "aAiI" and head[3]:
            return None  # the words "A" and "I"
        return _allowed(letter, allowed)
    first, _, rest = content.partition(" ")  # "B London"
    if len(first) == 1 and first.isupper() and first in allowed:
        index = LETTERS.index(first)
        if index < len(choices) and _same_text(rest, choices[index]):
            return first
    return None


def _letter_of_text(content: str, choices: Sequence[str]) -> str | None:
    matching = [i for i, choice in enumerate(choices) if _same_text(content, choice)]
    return LETTERS[matching[0]] if len(matching) == 1 else None


def _same_text(a: str, b: str) -> bool:
    return normal_form(Answer(a, "auto")) == normal_form(Answer(b, "auto"))


def _marked_letters(text: str, allowed: str) -> Iterator[str]:
    """Letters marked as the choice, the last first, named ones before others."""
    for pattern in (_NAMED, _MARKED):
        for found in reversed(list(pattern.finditer(text))):
            letter = next(group for group in found.groups() if group).upper()
            if letter in allowed and not _REJECTED.match(text, found.end()):
                yield letter


def _allowed(letter: str, allowed: str) -> str | None:
    return letter.upper() if letter.upper() in allowed else None
