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
