"""Plain numbers, and the units behind them."""

from __future__ import annotations

import re
from fractions import Fraction

_SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_PLAIN = re.compile(r"[-+]?\d{1,300}(?:\.\d{0,300})?", re.ASCII)
_GROUPED = re.compile(
    r"[-+]?\d{1,3}(?:(?:,\d{3}){1,99}|(?: \d{3}){1,99})(?:\.\d{1,300})?", re.ASCII
)
_MIXED = re.compile(r"(-?)(\d{1,18}) (\d{1,18}) ?/ ?(\d{1,18})", re.ASCII)
_FRACTION = re.compile(
    r"([-+]?)(?:\\frac ?\{ ?(-?\d{1,300}) ?\} ?\{ ?(\d{1,300}) ?\}|(\d{1,300}) ?/ ?(\d{1,300}))",
    re.ASCII,
)
_SCIENTIFIC = re.compile(
    r"([-+]?\d{1,300}(?:\.\d{1,300})?) ?(?:[eE]|\* ?10 ?\^) ?\{?([+-]?\d{1,3})\}?",
    re.ASCII,
)
_BASE = re.compile(r"(?<=[0-9A-F]) ?_ ?(?:\{ ?)?\d{1,2}(?: ?\})?$")
_ORDINAL = re.compile(r"(?<=\d) ?\^? ?\{? ?\x01?(?:st|nd|rd|th)\x02? ?\}?$")
_GLOSS = re.compile(r"(?<=[\d%}]) \([A-Za-z][A-Za-z ,-]{1,60}\)$")
_UNIT = re.compile(
    r"(?<=[\d)}.]) ?(?:(?P<block>(?:\x01[^\x01\x02]{0,80}\x02 ?){1,4})|"
    r"(?: |(?=(?:cm|mm|km|kg|mg|ml|mL|ft|mph|kph|lbs?|oz|hrs?|min|sec|cents?)\b))"
    r"(?P<words>[A-Za-z][A-Za-z]{1,30}(?:[ /.-]{1,2}[A-Za-z]{1,30}){0,5}))"
    r"(?: ?\^ ?\{?-?[123]\}?)?$"
)
_NO_UNIT = re.compile(r"(?:or|and|sin|cos|tan|cot|sec|csc|log|ln|sqrt|pi|exp|to|of|mod)\b")


def number(text: str) -> Fraction | None:
    """The value of 12, -3.5, 1,000, 1 1/2, 1e6 or 2*10^{6}; None for anything else."""
    if _PLAIN.fullmatch(text):
        return Fraction(text.removesuffix("."))
    if _GROUPED.fullmatch(text):
        return Fraction(text.replace(",", "").replace(" ", ""))
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


def without_unit(text: str) -> tuple[str, Fraction]:
    """The text before a trailing unit, base, ordinal ending or words in parentheses, and the scale
    of a word such as million. Text blocks stand between \\x01 and \\x02; percent becomes %."""
    text = _ORDINAL.sub("", _BASE.sub("", _GLOSS.sub("", text)))
    found = _UNIT.search(text, max(0, len(text) - 240))
    if not found:
        return text, Fraction(1)
    words = (found["block"] or found["words"]).replace("\x01", " ").replace("\x02", " ").split()
    if any(map(_NO_UNIT.match, words)):
        return text, Fraction(1)
    before = text[: found.start()].strip()
    scale = Fraction(_SCALES.get(words[0].lower(), 1) if words else 1)
    if words and words[0].lower().strip(".") in ("percent", "percents"):
        before += "%"
    return before, scale


def has_unit(text: str) -> bool:
    """Whether without_unit would take more than a scale or a percent sign off."""
    before, scale = without_unit(text)
    return before != text and scale == 1 and not before.endswith("%")
