"""The normal form of an answer: two answers are equivalent where their normal forms are equal.

Equality of normal forms makes equivalence reflexive, symmetric and transitive by construction.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Literal

from its.answers.expressions import worth
from its.answers.latex import TEXT_BLOCK, strip_wrapping, tidy, unwrap_text
from its.candidates import Answer

Shape = Literal["number", "value", "expression", "tuple", "set", "matrix", "text", "choice", "code"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What counts as the same answer.

    `units`: "ignore" takes 5 cm for 5, "keep" tells them apart. `percent`: "ignore" takes 50 %
    for 50, "value" for 0.5, "keep" for neither.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    units: Literal["ignore", "keep"] = "ignore"
    percent: Literal["ignore", "value", "keep"] = "ignore"


@dataclass(frozen=True, slots=True)
class NormalForm:
    """`content` is hashable and its type depends on the shape: a Fraction for a number, a letter
    for a choice, the normal forms of the parts for a tuple (in order) or a set."""

    shape: Shape
    content: Hashable

    @property
    def exact(self) -> bool:
        """Whether another exact form that differs is surely another answer."""
        if self.shape in ("tuple", "set", "matrix") and isinstance(self.content, tuple | frozenset):
            return all(part.exact for part in self.content if isinstance(part, NormalForm))
        if self.shape == "value":
            return isinstance(self.content, tuple) and len(self.content) == 1
        return self.shape != "expression"


_MOST_CHARACTERS = 4_000
"""Longer mathematical answers are compared as they stand."""

_SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
}
_ASSIGNED = re.compile(
    r"\\?[A-Za-z]{1,8}(?:_\{?\w{1,8}\}?)?(?: ?\([a-z](?:, ?[a-z])?\))? ?(?:=|\\in(?![a-z]))"
)
_UNIT_TAIL = re.compile(
    r"(?<=[\d)}.]) ?(?:(?P<block>(?:\x01[^\x01\x02]{0,80}\x02 ?)+)|"
    r"(?: |(?=(?:cm|mm|km|kg|mg|ml|mL|ft|mph|kph|lbs?|oz|hrs?|min|sec|cents?)\b))"
    r"(?P<words>[A-Za-z][A-Za-z]+(?:[ /.-]{1,2}[A-Za-z]+){0,5}))"
    r"(?: ?\^ ?\{?-?[123]\}?)?$"
)
_FUNCTION_WORD = re.compile(r"(?:or|and|sin|cos|tan|cot|sec|csc|log|ln|sqrt|pi|exp|to|of)\b")
_WORD = re.compile(r"[A-Za-z]{2,}")
_MIXED = re.compile(r"(-?)(\d{1,18}) (\d{1,18}) ?/ ?(\d{1,18})")
_SCIENTIFIC = re.compile(r"(-?\d{1,300}(?:\.\d{1,300})?) ?[eE] ?([+-]?\d{1,3})")
_PLAIN_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{0,300})?")
_GROUPED_NUMBER = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_GROUPING_COMMA = re.compile(r"(?<=\d),\d{3}(?!\d)")
_MATRIX = re.compile(r"\\begin ?\{([bpvBV]?matrix|array)\} ?(?:\{[lcr|]*\})?")
_LISTED = re.compile(r" ?(?:,? ?\x01 ?(?:and|or) ?\x02| and | or |;) ?")
_OPEN, _CLOSE = "([{", ")]}"


def normal_form(answer: Answer, rules: Equivalence = Equivalence()) -> NormalForm:
    """The normal form of an answer under the rules."""
    if answer.kind == "code":
        return NormalForm(
            "code", "\n".join(line.rstrip() for line in answer.text.strip().split("\n"))
        )
    if answer.kind == "choice":
        return NormalForm("choice", answer.text.strip(" ().:").upper())
    if answer.kind == "text" or len(answer.text) > _MOST_CHARACTERS:
        return _words(answer.text)
    return _mathematical(answer.text, rules)


@lru_cache(maxsize=65_536)
def _mathematical(text: str, rules: Equivalence) -> NormalForm:
    stripped = strip_wrapping(text)
    if (quick := _quick_number(stripped)) is not None:
        return NormalForm("number", quick)
    tidied = _without_assignment(tidy(stripped))
    return _whole(tidied, rules)


def _quick_number(text: str) -> Fraction | None:
    """The plainest spellings, without the work that the others need."""
    if _PLAIN_NUMBER.fullmatch(text):
        return Fraction(text.removesuffix("."))
    if _GROUPED_NUMBER.fullmatch(text):
        return Fraction(text.replace(",", ""))
    return None


def _whole(text: str, rules: Equivalence) -> NormalForm:
    """A matrix, a union, a list, a tuple, an interval or a set by its parts; else a single part."""
    if matrix := _matrix(text, rules):
        return matrix
    text = _marked_text(text)
    parts = _split(_LISTED.sub(", ", text), _GROUPING_COMMA)
    if len(parts) > 1:
        return NormalForm("set", frozenset(_part(part, rules) for part in parts))
    unions = text.split("\\cup")
    if len(unions) > 1:
        return NormalForm("set", ("union", frozenset(_part(part, rules) for part in unions)))
    return _part(text, rules)


def _part(text: str, rules: Equivalence) -> NormalForm:
    text = text.strip()
    if (inside := _enclosed(text)) is not None:
        start, middle, end = inside
        parts = _split(middle)
        if start == "\\{" or (start == "{" and len(parts) > 1):
            return NormalForm("set", frozenset(_part(part, rules) for part in parts))
        if len(parts) > 1:
            forms = tuple(_part(part, rules) for part in parts)
            return NormalForm("tuple", (start, *forms, end))
        if start == "(" and middle.strip():
            return _part(middle, rules)
    return _single(text, rules)


def _single(text: str, rules: Equivalence) -> NormalForm:
    text, scale = _without_unit(text, rules)
    if text.endswith("%"):
        text = text.removesuffix("%").removesuffix("\\").strip()
        if rules.percent == "value":
            scale /= 100
        elif rules.percent == "keep":
            return NormalForm("tuple", ("%", _single(text, rules)))
    if (number := _number(text)) is not None:
        return NormalForm("number", number * scale)
    if _is_prose(text):
        return _words(text)
    if "\\pm" in text and text.count("\\pm") == 1:
        both = frozenset(_single(text.replace("\\pm", sign), rules) for sign in "+-")
        return NormalForm("set", both)
    value = worth(text)
    if isinstance(value, Fraction):
        return NormalForm("number", value * scale)
    if value is not None and scale == 1:
        return NormalForm("value", value)
    return _equation(text) or NormalForm("expression", _compact(text))


def _without_unit(text: str, rules: Equivalence) -> tuple[str, Fraction]:
    """The text before a trailing unit, and the scale that words such as million stand for."""
    scale = Fraction(1)
    if not (found := _UNIT_TAIL.search(text, max(0, len(text) - 240))):
        return text, scale
    words = (found["block"] or found["words"]).replace("\x01", " ").replace("\x02", " ").split()
    if found["words"] and any(map(_FUNCTION_WORD.match, words)):
        return text, scale
    if words and words[0].lower() in _SCALES:
        scale *= _SCALES[words.pop(0).lower()]
    if words and words[0].lower().strip(".") in ("percent", "percents"):
        return text[: found.start()] + "%", scale
    if words and rules.units == "keep":
        return text, Fraction(1)
    return text[: found.start()].strip(), scale


def _number(text: str) -> Fraction | None:
    if (quick := _quick_number(text)) is not None:
        return quick
    if found := _MIXED.fullmatch(text):
        sign, whole, top, bottom = found.groups()
        if int(bottom):
            value = int(whole) + Fraction(int(top), int(bottom))
            return -value if sign else value
    if found := _SCIENTIFIC.fullmatch(text):
        return Fraction(found[1]) * Fraction(10) ** int(found[2])
    return None


def _is_prose(text: str) -> bool:
    """Words, rather than mathematics: no digit or operator, or several words in a row."""
    bare = unwrap_text(text).replace("\x01", " ").replace("\x02", " ")
    if "\\" in bare:
        return False
    words = [word for word in _WORD.findall(bare) if not _FUNCTION_WORD.fullmatch(word)]
    return bool(words) and (len(words) > 2 or not any(c in "0123456789+*/^=" for c in bare))


def _words(text: str) -> NormalForm:
    bare = unwrap_text(strip_wrapping(text)).replace("\x01", " ").replace("\x02", " ")
    return NormalForm("text", " ".join(bare.casefold().strip(" .,;:!()\"'").split()))


def _equation(text: str) -> NormalForm | None:
    """An equation by its two sides' difference, whose scale and sign do not matter."""
    sides = text.split("=")
    if len(sides) != 2:
        return None
    values = worth(f"({sides[0]})-({sides[1]})")
    if not isinstance(values, tuple) or len(values) < 2:
        return None
    numbers = [complex(*map(float, value.split(","))) for value in values]
    if abs(numbers[0]) < 1e-9:
        return None
    ratios = tuple(
        f"{ratio.real:.7g},{ratio.imag:.7g}"
        for number in numbers[1:]
        for ratio in [number / numbers[0]]
    )
    return NormalForm("expression", ("equation", ratios))


def _matrix(text: str, rules: Equivalence) -> NormalForm | None:
    opening = _MATRIX.match(text)
    if not opening or not text.endswith("\\end{" + opening[1] + "}"):
        return None
    body = text[opening.end() : -len("\\end{" + opening[1] + "}")].strip(" \x00")
    if "\\begin" in body:
        return None
    rows = tuple(tuple(_part(cell, rules) for cell in row.split("&")) for row in body.split("\x00"))
    return NormalForm("matrix", rows)


def _without_assignment(text: str) -> str:
    """`x = 5` and `x \\in [1, 2]` without their left side; an equation of more parts as it is."""
    found = _ASSIGNED.match(text)
    if found and "=" not in text[found.end() :] and text[found.end() :].strip():
        return text[found.end() :].strip()
    return text


def _marked_text(text: str) -> str:
    """Text blocks between the marks \\x01 and \\x02, so that braces are mathematics alone."""
    return TEXT_BLOCK.sub("\x01\\1\x02", text)


def _split(text: str, not_at: re.Pattern[str] | None = None) -> list[str]:
    """The parts between commas outside all brackets, save commas that `not_at` matches."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif character == "," and depth <= 0 and not (not_at and not_at.match(text, i)):
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _enclosed(text: str) -> tuple[str, str, str] | None:
    """Opening bracket, middle and closing bracket, where the first closes at the very end."""
    start = "\\{" if text.startswith("\\{") else text[:1]
    end = "\\}" if text.endswith("\\}") else text[-1:]
    if start not in ("(", "[", "{", "\\{") or end not in (")", "]", "}", "\\}"):
        return None
    depth = 0
    for i, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth == 0 and i < len(text) - 1:
                return None
    return (start, text[len(start) : -len(end)], end) if depth == 0 else None


def _compact(text: str) -> str:
    """Without spaces (save after a command that a letter follows), braces around one character,
    and text marks."""
    bare = text.replace("\x01", "").replace("\x02", "").replace("\x00", "\\\\")
    bare = re.sub(r"\{(\w)\}", r"\1", bare)
    return re.sub(r"(?<!\\)\s+(?![A-Za-z])|(?<![A-Za-z])\s+", "", bare)
