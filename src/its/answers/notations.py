"""Notations that are no calculation: dates, times, scores, ranges, cycles, congruences, angles.

What is written in one of them is compared as written, never computed. A notation is a pattern and
what its parts say; to add one, add a line to the table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable

from its.answers.quantities import number
from its.answers.units import unit_of, without_unit

Content = tuple[Hashable, ...]
_Found = re.Match[str]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{3,4})"
_N = r"\d+(?:,\d{3})*(?:\.\d+)?%?"
_TEXT = "\x01\x02"


def notation(text: str) -> Content | None:
    """What a tidied text says in a notation of the table; None for what is in none of them."""
    if not _SIGNAL.search(text):
        return None
    text = " ".join(text.translate(_WITHOUT_MARKS).split())
    for pattern, read in _TABLE:
        if (found := pattern.fullmatch(text)) and (content := read(found)) is not None:
            return content
    return None


def is_statement(text: str) -> bool:
    """Whether a text speaks in logic's signs, whose commas separate no list."""
    return _STATEMENT.search(text) is not None


def counted(parts: list[str]) -> Content | None:
    """Counts of different things, "2 red" and "3 blue"; None where the parts have one unit."""
    units = [unit_of(part.strip()) for part in parts]
    if len(set(units) - {""}) < 2:
        return None
    values = [without_unit(part.strip())[0] for part in parts]
    if any(number(value) is None for value in values):
        return None
    pairs = zip(map(number, values), units, strict=True)
    return ("counts", frozenset(pairs))


def _ymd(found: _Found) -> Content:
    return ("date", *(int(part) for part in found.groups() if part is not None))


def _slashed(found: _Found) -> Content | None:
    """Day and month in the order that can be; in either one where both can, as written."""
    first, sign, second, year = int(found[1]), found[2], int(found[3]), int(found[4])
    if first > 31 or second > 31 or not (sign == "/" or len(found[4]) == 4):
        return None
    if first > 12 or (sign == "." and second <= 12):
        return ("date", year, second, first)
    return ("date", year, first, second) if second > 12 else ("day or month", first, second, year)


def _named_date(found: _Found) -> Content:
    parts = found.groupdict()
    month = _MONTHS.index(parts["month"][:3].casefold()) + 1
    numbers = (parts.get("year"), parts.get("day"))
    year, day = (None if value is None else int(value) for value in numbers)
    return ("date", year, month, day)


def _clock(found: _Found) -> Content | None:
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3].casefold()
    if not 1 <= hour <= 12 or minute > 59:
        return None
    return ("colon", str(hour % 12 + (12 if half == "p" else 0)), str(minute))


def _colon(found: _Found) -> Content:
    return ("colon", *(part.strip().lstrip("0") or "0" for part in found[0].split(":")))


def _range(found: _Found) -> Content | None:
    ends = [part.strip(" $%").replace(",", "") for part in (found[1], found[2])]
    values = [number(end) for end in ends]
    return None if None in values else ("range", *values)


def _dashed(found: _Found) -> Content:
    return ("dashed", *re.split(r" ?- ?", found[0]))


def _spaced(found: _Found) -> Content:
    return ("spaced", *found[0].replace("(", " ( ").replace(")", " ) ").split())


def _congruence(found: _Found) -> Content | None:
    residue, modulus = number(found["residue"].strip()), number(found["modulus"].strip(" )}{"))
    if residue is None or modulus is None or modulus == 0:
        return ("congruent", _close(found[0]))
    left = _close(found["left"] or "").rstrip("=")
    return ("congruent", "" if len(left) == 1 else left, residue % modulus, modulus)


def _figure(found: _Found) -> Content:
    kind = "triangle" if found["kind"].casefold() in ("\\triangle", "triangle", "△") else "angle"
    letters = re.sub(r"[\s{}]", "", found["letters"])
    if kind == "triangle":
        return ("triangle", "".join(sorted(letters)))
    return ("angle", min(letters, letters[::-1]))


def _measured(found: _Found) -> Content | None:
    """5 feet 6 inches: measures of different units, in one breath."""
    parts = re.findall(r"(\d[\d.,/]*) ?([^\W\d_]+)", found[0])
    counts = [
        (number(value.rstrip(",")), word.casefold().removesuffix("s")) for value, word in parts
    ]
    if any(value is None for value, _ in counts) or len({word for _, word in counts}) < 2:
        return None
    return ("counts", frozenset(counts))


def _close(text: str) -> str:
    return re.sub(r"[\s{}()]", "", text)


def _as_written(found: _Found) -> Content:
    return ("signs", " ".join(found[0].split()))


_WITHOUT_MARKS = dict.fromkeys(map(ord, _TEXT), " ")
_STATEMENT = re.compile(r"\\(?:forall|exists|nexists|implies|iff|land|lor|Rightarrow)\b|[∀∃⇒⇔]")
# No text without one of these is in a notation of the table: a first look, since most are in none.
_SIGNAL = re.compile(
    r"\d[-:/.]\d|[≡∠△年月]|\d ?[-:] ?\$?\d|[\d%)][ \x01\x02(]+\d|equiv|triangle"
    r"|mod|angle|between|from|\d%?\x01? (?:to|through|bis|à) |[^\W\d_],? (?:and )?\d"
    r"|\d ?[ap]\.? ?m\b|\d[:.h]\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|%? ?- ?\$?\d",
    re.IGNORECASE,
)
_EQUIV = r"(?:\\equiv(?![A-Za-z])|≡)"
_MOD = r"(?:\\pmod|\\bmod|\\mod|mod)(?![A-Za-z])"
_TABLE: tuple[tuple[re.Pattern[str], Callable[[_Found], Content | None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})/(\d{1,2})/(\d{1,2})", _ymd),
        (r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日", _ymd),
        (r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", _slashed),
        (rf"{_WEEKDAY}(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?", _named_date),
        (rf"{_WEEKDAY}{_MONTH} (?:the )?{_DAY}(?:,? {_YEAR})?", _named_date),
        (rf"{_MONTH},? {_YEAR}", _named_date),
        (r"(\d{1,2})(?: ?[:.h] ?(\d{2}))? ?([ap])\.? ?m\.?", _clock),
        (r"\d{1,4}(?: ?: ?\d{1,4}(?:\.\d+)?)+", _colon),
        (rf"\$?({_N}) ?- ?\$?({_N})", _range),
        (rf"(?:from )?\$?(-?{_N}) (?:to|through|until|bis|à) \$?(-?{_N})", _range),
        (rf"between \$?(-?{_N}) and \$?(-?{_N})(?: [^\W\d_]{{2,20}}){{0,3}}", _range),
        (r"\d+(?: ?- ?\d+){2,9}", _dashed),
        (r"\d+(?: \d+)+|(?:\( ?\d+(?: \d+)+ ?\) ?)+", _spaced),
        (rf"(?:(?P<left>[^=≡]*?) ?{_EQUIV} ?)?(?P<residue>[-\d.,/ ]+?) ?(?:\( ?)?{_MOD} ?"
         r"(?P<modulus>[\d{} ]+\)?)", _congruence),
        (rf".*(?:{_EQUIV}|\\pmod).*", _as_written),
        (r"(?:m ?)?(?P<kind>\\angle|∠|angle|\\triangle|△|triangle) ?(?P<letters>[A-Z{} ]{3,9})",
         _figure),
        (r"(?:\d[\d.,/]* ?(?!to\b|or\b)[^\W\d_]{2,20},? (?:and )?){1,5}"
         r"\d[\d.,/]* ?[^\W\d_]{2,20}", _measured),
    )
)  # fmt: skip
