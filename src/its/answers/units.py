"""Units behind a number and currencies around it: a small grammar, and tables to extend.

A unit is factors joined by `/`, `*`, `.`, a space or "per", each with an exponent if it has one.
A factor is a word of any script, or a letter that the table of one-letter units knows.
"""

from __future__ import annotations

import re
from fractions import Fraction

SCALES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "millions": 10**6, "billions": 10**9, "mn": 10**6, "bn": 10**9, "lakh": 10**5, "lakhs": 10**5,
    "crore": 10**7, "crores": 10**7, "mille": 10**3, "mil": 10**3, "millón": 10**6,
    "millones": 10**6, "milliards": 10**9, "mio": 10**6, "mrd": 10**9, "tausend": 10**3,
    "百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12,
    "만": 10**4, "억": 10**8,
}  # fmt: skip
_ONE_LETTER = frozenset("mgsNJWVAKCFLlhTHΩÅ")
_PREFIXES = r"(?:da|[YZEPTGMkhdcmµμnpf])"
_ATTACHED = re.compile(
    rf"{_PREFIXES}?(?:Hz|Pa|mol|eV|Wh|cal|Ω|bit|rad|bps)|{_PREFIXES}(?:[gLlNJWVAFCB]|m(?!m))"
    r"|[µμnp]s|mm|ft|mph|kph|lbs?|oz|hrs?|min|secs?|cents?|yd|mi|[ap]m|amu|dB"
    r"|USD|EUR|GBP|JPY|CNY|RMB|INR|CHF|AUD|CAD|KRW|BRL|MXN|RUB|SEK|NOK|DKK|PLN|TRY|ZAR|Rs|px"
)
_TWO_LETTERS = frozenset((
    "in", "ft", "yd", "mi", "lb", "oz", "hr", "km", "cm", "mm", "dm", "nm", "pm", "kg", "mg",
    "ml", "mL", "dL", "cL", "kL", "kJ", "kN", "kV", "kW", "kA", "mA", "mV", "mW", "mN", "MW",
    "MV", "GW", "Hz", "Pa", "eV", "Wh", "kt", "Gy", "Sv", "cd", "lm", "lx", "pH", "dB", "ly",
    "pc", "au", "AU", "ha", "pt", "qt", "gr", "kB", "MB", "GB", "TB", "KB", "Gb", "Mb", "ms",
    "ns", "ps", "bn", "mn", "pp", "no", "kn", "°C", "°F", "Rs", "kr", "zł", "Kč", "Ft", "lv",
    "лв", "м²", "кг", "км", "см", "мм", "мл", "Па", "Дж", "Вт",
))  # fmt: skip
_CURRENCY = re.compile(
    r"^([-+]?) ?(?:USD|EUR|GBP|JPY|CNY|RMB|INR|CHF|AUD|CAD|NZD|HKD|SGD|KRW|BRL|MXN|RUB|SEK|NOK|DKK"
    r"|PLN|TRY|ZAR|PHP|THB|IDR|MYR|VND|PKR|BDT|NGN|KES|EGP|AED|SAR|ILS|CZK|HUF|Rs|Rp|RM|Fr|kr|Tk"
    r"|[UA]S|HK|NT)\.? ?(?=[-\d.])"
)
_EXPONENT = r"(?: ?\^ ?(?:\{ ?-?\d ?\}|-?\d))"
_FACTOR = rf"[^\W\d_]+\.?{_EXPONENT}?"
_BLOCK = rf"\x01[^\x01\x02]{{0,80}}\x02{_EXPONENT}?"
_UNIT = re.compile(
    rf"(?<=[\d)}}.])(?P<gap> ?)(?:(?P<block>{_BLOCK}(?: ?[/*·.]? ?(?:{_BLOCK}|{_FACTOR})){{0,5}})"
    rf"|(?P<words>{_FACTOR}(?:(?: ?[/*·] ?|[ .-]{{1,2}}|/ ?\( ?){_FACTOR}){{0,6}}))\)? ?$"
)
_BASE = re.compile(r"(?<=[0-9A-F]) ?_ ?(?:\{ ?)?\d{1,2}(?: ?\})?$")
_ORDINAL = re.compile(r"(?<=\d) ?\^? ?\{? ?\x01?(?:st|nd|rd|th)\x02? ?\}?$")
_GLOSS = re.compile(r"(?<=[\d%}]) \([A-Za-z][A-Za-z ,-]{1,60}\)$")
_NO_UNIT = re.compile(
    r"(?:or|and|sin|cos|tan|cot|sec|csc|log|ln|sqrt|pi|exp|to|of|mod|if|for|when|is|out|are|was)\b"
)
_SPLIT = re.compile(r"[ /*·.()\-]+")
_LONGEST = 240


def without_unit(text: str) -> tuple[str, Fraction]:
    """The text before a trailing unit, base, ordinal ending or words in parentheses, without a
    currency, and the scale of a word such as million. Text blocks stand between \\x01 and \\x02;
    percent becomes %."""
    before, unit, scale = _apart(_CURRENCY.sub(r"\1", text))
    if unit in ("percent", "percents", "per cent"):
        before += "%"
    return before, scale


def unit_of(text: str) -> str:
    """The words of a trailing unit, in the singular; empty where there is none."""
    return _apart(text)[1].removesuffix("s")


def has_unit(text: str) -> bool:
    """Whether without_unit would take more than a scale or a percent sign off."""
    before, scale = without_unit(text)
    return before != text and scale == 1 and not before.endswith("%")


def _apart(text: str) -> tuple[str, str, Fraction]:
    """A text without its unit, the words of that unit, and the scale they begin with."""
    text = _ORDINAL.sub("", _BASE.sub("", _GLOSS.sub("", text)))
    found = _UNIT.search(text, max(0, len(text) - _LONGEST))
    if not found:
        return text, "", Fraction(1)
    written = (found["block"] or found["words"]).replace("\x01", " ").replace("\x02", " ")
    words = re.sub(_EXPONENT, "", written).split()
    factors = [factor for factor in _SPLIT.split(" ".join(words)) if factor]
    if not (found["block"] or _is_unit(factors, written, spaced=bool(found["gap"]))):
        return text, "", Fraction(1)
    if any(map(_NO_UNIT.match, factors)):
        return text, "", Fraction(1)
    scale = _scale(factors[0]) if factors else Fraction(1)
    return text[: found.start()].strip(), " ".join(factors).casefold(), scale


def _is_unit(factors: list[str], written: str, *, spaced: bool) -> bool:
    """Whether words behind a number, in no text block, are a unit and not a product of names."""
    first = factors[0]
    compound = "/" in written and all(map(_is_short_unit, factors))
    if any(len(factor) == 1 and factor.isascii() for factor in factors):
        return all(map(_is_short_unit, factors)) and (spaced or compound)
    if not spaced and first.isascii():
        return _ATTACHED.fullmatch(first) is not None
    return len(factors) > 1 or len(first) > 2 or not first.isascii() or first in _TWO_LETTERS


def _is_short_unit(factor: str) -> bool:
    return factor in _ONE_LETTER or len(factor) > 2 or _ATTACHED.fullmatch(factor) is not None


def _scale(word: str) -> Fraction:
    lower = word.casefold()
    if lower in SCALES:
        return Fraction(SCALES[lower])
    first = word[0]
    is_scale = not first.isascii() and first in SCALES and word[1:2] not in ("米", "克", "瓦", "卡")
    return Fraction(SCALES[first]) if is_scale else Fraction(1)
