"""What a sentence states: "Natalia sold 72 clips" is 72, "The capital is Paris" is Paris."""

from __future__ import annotations

import re

NUMBER = re.compile(
    r"(?<![\w.])[-−+]?[$£€¥₹]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:[ ]?[×*x][ ]?10(?:\^\{?[-−+]?\d{1,3}\}?|[⁰¹²³⁴-⁹⁻]{1,4}))?"
    r"(?:[ ]?/[ ]?\d+)?(?:[ ]?\\?%|[ ](?:thousand|million|billion|trillion)\b)?"
)
_PHRASE = re.compile(
    r"(?:(?:so|thus|therefore|hence),? )?(?:that )?"
    r"(?:it|this|that|he|she|they|the (?:[a-z][a-z-]* ){1,4}?|the (?:[a-z][a-z-]* ){1,3}?of "
    r"(?:[\w'-]+ ){1,3}?)\s?(?:is|was|are|were|must be|would be) (?P<said>.+)",
    re.IGNORECASE | re.DOTALL,
)
_NAME = re.compile(
    r"(?:the )?[A-Z][\w'’.-]*(?: (?:(?:of|the|de|von|van|and) )?[A-Z][\w'’.-]*){0,3}"
)
_TRUTH_FIRST = re.compile(r"(yes|no|true|false)\s?[,.;:!–—]\s?(?=[A-Za-z])", re.IGNORECASE)
TRUTH = frozenset(("true", "false", "yes", "no"))
_UNSURE = re.compile(
    r"\b(?:not|no|never|none|cannot|impossible|invalid|unable|fails?|failed|least|most|more|less|than|or|either|between|maybe|perhaps|probably|which"
    r"|that|if|unless|except|without|nearly|almost)\b|n't|,",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[\\=+*^<>_{}|]")
_LONGEST = 300
_MOST_WORDS = 14


def quantity(text: str) -> tuple[str, bool] | None:
    """The number a sentence gives, and whether that is plain: the one it starts with, else the
    last. Plain is a short sentence that has one number, without conditions, and no name before it.
    """
    numbers = list(NUMBER.finditer(text))
    if not numbers:
        return None
    first = numbers[0]
    found = first if first.start() == 0 else numbers[-1]
    plain = len(numbers) == 1 and len(text.split()) <= _MOST_WORDS and not _UNSURE.search(text)
    return found[0].strip(), plain


def is_sentence(text: str) -> bool:
    """Whether a text is words around a number, and no mathematics or name."""
    return len(text.split()) > 1 and not _SIGN.search(text) and not _names_a_thing(text)


def _names_a_thing(text: str) -> bool:
    """Whether the number of a text belongs to a name: Apollo 11, World War 2, catch 22."""
    found = NUMBER.search(text)
    before = text[: found.start()].split() if found else []
    words = text.split()
    return bool(before) and (len(words) < 3 or before[-1][:1].isupper())


def phrase(text: str) -> str:
    """The name or truth value that a sentence states ("The capital is Paris", "Yes, it is"), else
    the text."""
    if len(text) <= _LONGEST and (truth := _TRUTH_FIRST.match(text)):
        return truth[1]
    said = complement(text)
    if said is None:
        return text
    return said if said.casefold() in TRUTH or _NAME.fullmatch(said) else text


def complement(text: str) -> str | None:
    """What a sentence says its subject is ("The colour is blue" says blue); None for others."""
    if len(text) > _LONGEST:
        return None
    found = _PHRASE.fullmatch(text.strip().rstrip(" .!"))
    said = found["said"].strip(" .!*\"'") if found else ""
    return said if said and len(said.split()) <= 6 else None
