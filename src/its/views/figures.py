"""Figures as people read them. What is unknown says so, and is never shown as nothing."""

from __future__ import annotations

from math import floor, log10

UNKNOWN = "unknown"
MINUTE, HOUR = 60, 3600
_SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))


def count(number: float | None) -> str:
    """A whole number with separated thousands: 12,345."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def short_count(number: float | None) -> str:
    """A number in at most five characters or so: 845, 9,120, 12.3k, 4.5M."""
    if number is None:
        return UNKNOWN
    for scale, letter in _SCALES:
        if number >= scale:
            divided = number / (1000 if letter == "k" else scale)
            return f"{divided:.1f}{letter}" if divided < 100 else f"{divided:.0f}{letter}"
    return count(number)


def rate(number: float) -> str:
    """So many a second: 0.42, 3.8, 57, 9,120."""
    return f"{number:.2g}" if number < 10 else short_count(number)


def money(usd: float | None) -> str:
    """US dollars: to the cent, below a dollar to a hundredth of one, below a cent two figures."""
    if usd is None:
        return UNKNOWN
    if usd >= 1 or usd == 0:
        return f"${usd:,.2f}" if usd else "$0"
    digits = 4 if usd >= 0.01 else 1 - floor(log10(usd))
    return f"${usd:.{digits}f}"


def flops(number: float | None) -> str:
    """Floating-point operations to two figures: 3.4e+12."""
    return UNKNOWN if number is None else f"{number:.2g}"


def seconds(amount: float) -> str:
    """A duration: 0.8 s, 42 s, 3 min 20 s, 2 h 5 min."""
    if amount < 9.95:
        return f"{amount:.1f} s"
    whole = round(amount)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def plain_seconds(amount: float | None) -> str:
    """Seconds for a column of them: 0.8, 42.5, 1,234."""
    return UNKNOWN if amount is None else f"{amount:,.{1 if amount < 100 else 0}f}"


def percent(part: float, whole: float) -> str:
    """A share: 72.5 %; a dash where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


def ratio(amount: float | None, base: float | None) -> str:
    """How many times the base: 4.2×; a dash where one is unknown or nothing."""
    if amount is None or not base:
        return "–"
    times = amount / base
    return f"{times:,.0f}×" if times >= 100 else f"{times:.1f}×"


def plural(number: int, noun: str, many: str = "") -> str:
    """1 row, 2 rows; `many` is the plural where it takes more than an s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"
