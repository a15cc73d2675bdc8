"""Plain numbers in the ways they are written."""

from __future__ import annotations

import re
from fractions import Fraction

_PLAIN = re.compile(r"[-+]?\d{1,300}(?:\.\d{0,300})?", re.ASCII)
_GROUPED = re.compile(
    r"[-+]?\d{1,3}(?:(?:,\d{3}){1,99}|(?: \d{3}){1,99}|(?:'\d{3}){1,99}|(?:,\d{2}){1,50},\d{3})"
    r"(?:\.\d{1,300})?",
    re.ASCII,
)
_EUROPEAN = re.compile(r"[-+]?\d{1,3}(?:\.\d{3}){1,99},\d{1,2}", re.ASCII)
_MIXED = re.compile(r"(-?)(\d{1,18}) (\d{1,18}) ?/ ?(\d{1,18})", re.ASCII)
_FRACTION = re.compile(
    r"([-+]?)(?:\\frac ?\{ ?(-?\d{1,300}) ?\} ?\{ ?(\d{1,300}) ?\}|(\d{1,300}) ?/ ?(\d{1,300}))",
    re.ASCII,
)
_SCIENTIFIC = re.compile(
    r"([-+]?\d{1,300}(?:\.\d{1,300})?) ?(?:[eE]|[*xX] ?10 ?\^) ?\{? ?([+-]?\d{1,3}) ?\}?",
    re.ASCII,
)
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: n for n, word in enumerate(_ONES)} | {
    word: 10 * n for n, word in enumerate(_TENS, 2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_MOST_WORDS = 20
_LONGEST_WORDS = 160
_SEPARATOR = str.maketrans("", "", ", '")


def number(text: str) -> Fraction | None:  # noqa: PLR0911
    """The value of 12, -3.5, 1,000, 1,50,000, 1 1/2, 1e6 or 2*10^{6}; None for anything else."""
    if _PLAIN.fullmatch(text):
        return Fraction(text.removesuffix("."))
    if _GROUPED.fullmatch(text):
        return Fraction(text.translate(_SEPARATOR))
    if _EUROPEAN.fullmatch(text):
        return Fraction(text.replace(".", "").replace(",", "."))
    if found := _FRACTION.fullmatch(text):
        top, bottom = int(found[2] or found[4]), int(found[3] or found[5])
        if bottom:
            return Fraction(-top if found[1] == "-" else top, bottom)
    if found := _MIXED.fullmatch(text):
        sign, whole, numerator, denominator = found.groups()
        if int(denominator):
            value = int(whole) + Fraction(int(numerator), int(denominator))
            return -value if sign else value
    if found := _SCIENTIFIC.fullmatch(text):
        return Fraction(found[1]) * Fraction(10) ** int(found[2])
    return None


def spelled(text: str) -> Fraction | None:
    """The value of a number in English words: twelve, minus three, two hundred and five."""
    if len(text) > _LONGEST_WORDS:
        return None
    words = text.casefold().replace("-", " ").split()
    sign = -1 if words[:1] in (["minus"], ["negative"]) else 1
    words = [word for word in words[sign < 0 :] if word != "and"]
    if not words or len(words) > _MOST_WORDS or not _SMALL.keys() & words:
        return None
    total, group, free, scale_below = 0, 0, 1_000, 10**15
    for word in words:
        if word in _SMALL and _SMALL[word] < free:
            group += _SMALL[word]
            free = 10 if _SMALL[word] >= 20 else 0
        elif word == "hundred" and 0 < group < 20:
            group, free = group * 100, 100
        elif word in _SCALES and group and _SCALES[word] < scale_below:
            total, scale_below = total + group * _SCALES[word], _SCALES[word]
            group, free = 0, 1_000
        else:
            return None
    return Fraction(sign * (total + group))
