"""Whether a text gives no answer, by the words that stand under whatever wraps them."""

from __future__ import annotations

import re
from unicodedata import category

from its.answers.languages import every

_COMMAND = re.compile(
    r"\\(?:boxed|fbox|text[a-z]*|mathrm|mathbf|mathit|mathsf|mbox|operatorname|emph|left|right"
    r"|q?quad|displaystyle)(?![A-Za-z])|\\(?=[A-Za-z])|\\."
)
_LAYOUT = re.compile(r"[^\w'/?.\\-]+|_+|\.{2,}|\.(?=\s|$)")
_LONGEST = 400  # characters of a text that may be nothing but a refusal
_MOST_WORDS = 24
_EMPTY_VALUES = frozenset(("[]", "{}", "()", r"\{\}", "''", '""'))
_NUMBER = re.compile(r"\d")


def words_under(text: str) -> str:
    """The words of a text in lower case, without commands, brackets, emphasis and punctuation."""
    text = text.replace("’", "'").replace("‘", "'").casefold()
    return " ".join(_LAYOUT.sub(" ", _COMMAND.sub(" ", text)).split()).strip(" .-'")


def _is_unspaced(letter: str) -> bool:
    return letter >= "\u2e80" or "\u0e00" <= letter <= "\u0e7f"


# The table's words as `words_under` leaves them. Scripts that put no space between words have no
# beginning of a word to look for either.
_BLANKS = frozenset(map(words_under, every("blanks")))
_REFUSALS = tuple(
    words_under(phrase) if _is_unspaced(phrase[0]) else f" {words_under(phrase)}"
    for phrase in every("refusals")
)
_ASCII_REFUSALS = tuple(phrase for phrase in _REFUSALS if phrase.isascii())


def gives_no_answer(text: str) -> bool:
    """Whether a stated answer is none: nothing, a placeholder, or a sentence that refuses."""
    bare = text.strip()
    if bare in _EMPTY_VALUES or bare.isdecimal():
        return False  # an empty list or set is a value
    if len(text) > _LONGEST:
        return False
    words = words_under(bare)
    if words in _BLANKS or not any(map(_says_something, words or bare)):
        return True
    return refuses(words)


def refuses(words: str) -> bool:
    """Whether a short sentence says that it gives no answer."""
    return _end_of_refusal(words) is not None


def ends_in_refusal(text: str) -> bool:
    """Whether the last sentence of a text refuses to answer, and states no number behind that."""
    tail = text.strip()[-_LONGEST:]
    last = re.split(r"(?<=[.!?。！？])\s+|\n+", tail.rstrip(" .!?。！？\n"))[-1]
    words = words_under(last)
    end = _end_of_refusal(words)
    return end is not None and not _NUMBER.search(words, end)


def _end_of_refusal(words: str) -> int | None:
    """Where a phrase that refuses ends in a short sentence; None where there is none."""
    if len(words.split()) > _MOST_WORDS or words.isdecimal():
        return None
    padded = f" {words}"
    phrases = _ASCII_REFUSALS if padded.isascii() else _REFUSALS
    found = next((phrase for phrase in phrases if phrase in padded), None)
    return None if found is None else padded.index(found) + len(found) - 1


def _says_something(character: str) -> bool:
    return character.isalnum() or (character > "~" and category(character) == "Sm")
