"""The normal form of an answer: two answers are equivalent where their normal forms are equal.

Equality of normal forms makes equivalence reflexive, symmetric and transitive by construction.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from its.answers.equivalence import DEFAULT, Equivalence, NormalForm
from its.answers.expressions import Unworkable, worth
from its.answers.inequalities import interval
from its.answers.latex import ROW_BREAK, mark_text, strip_wrapping, tidy, words_of
from its.answers.literals import literal_key
from its.answers.notations import counted, is_statement, notation
from its.answers.quantities import number, spelled
from its.answers.sentences import phrase
from its.answers.structure import cases, enclosed, listed, matrix_cells, nesting, split
from its.answers.units import has_unit, without_unit
from its.candidates import Answer

_LONGEST = 1_000
_DEEPEST = 20
_ASSIGNED = re.compile(
    r"(?:m? ?(?:\\angle|∠) ?[A-Z]{1,3}"
    r"|\\?[A-Za-z]{1,8}(?:_\{\w{1,8}\}|_\w)?(?: ?\([a-z](?:, ?[a-z])?\))?)"
    r" ?(?:=|\\in(?![a-z])|(?<=^[A-Za-z] )(?:is|equals) (?=[-\d\\]))"
)
_ALTERNATIVE = re.compile(
    r"\\cup(?![A-Za-z])|\x01 ?or ?\x02| or |\\text\{ ?or ?\}|,? ?\x01 ?or ?\x02"
)
_INFINITY = {r"\infty": "infinity", r"+\infty": "infinity", r"-\infty": "-infinity"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_FUNCTION = re.compile(r"(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?|log|ln|sqrt|pi|exp|mod")


def normal_form(answer: Answer, rules: Equivalence = DEFAULT) -> NormalForm:
    """The normal form of an answer under the rules. Never raises, and takes bounded time: what is
    too long or too deep for mathematics is compared as text."""
    if answer.kind == "code":
        lines = answer.text.strip().split("\n")
        return NormalForm("code", "\n".join(line.rstrip() for line in lines))
    if answer.kind == "exact":
        return NormalForm("exact", answer.text.strip())
    if answer.kind == "literal":
        return _literal(answer.text)
    if answer.kind == "choice":
        return NormalForm("choice", answer.text.strip(" ().:").upper())
    if answer.kind == "text" or len(answer.text) > _LONGEST or nesting(answer.text) > _DEEPEST:
        return _text(answer.text)
    return _mathematical(answer.text, rules)


@lru_cache(maxsize=32_768)
def _mathematical(text: str, rules: Equivalence) -> NormalForm:
    text = strip_wrapping(text)
    plain = number(text)
    plain = spelled(text) if plain is None else plain
    if plain is not None:
        return NormalForm("number", plain)
    tidied = mark_text(tidy(text))
    if is_statement(tidied):
        return NormalForm("notation", ("statement", _compact(tidied)))
    return _whole(_without_assignment(tidied), rules)


def _whole(text: str, rules: Equivalence) -> NormalForm:
    """A notation; a list or a union by its parts, which are sets; else the one part there is."""
    if (plain := number(text)) is not None:
        return NormalForm("number", plain)
    if written := notation(text):
        return NormalForm("notation", written)
    alternatives = [part for part in _ALTERNATIVE.split(text) if part.strip()]
    if intervals := _intervals(alternatives, rules):
        return _united(intervals)
    parts = [] if "\\begin" in text else listed(text)
    if len(parts) > 1:
        return _list(parts, rules)
    if len(alternatives) > 1 and "\\cup" in text and "\\begin" not in text:
        return _united([_part(part, rules) for part in text.split("\\cup")])
    return _part(text, rules)


def _list(parts: list[str], rules: Equivalence) -> NormalForm:
    """A set; in order, and told by name, where the list goes on or counts different things."""
    if any(part.strip(" .\x01\x02") in ("", "...", "and so on", "etc") for part in parts):
        forms = (_part(part, rules) for part in parts if part.strip(" ."))
        return NormalForm("notation", ("goes on", *forms))
    if things := counted(parts):
        return NormalForm("notation", things)
    return NormalForm("set", frozenset(_part(part, rules) for part in _values_of_one(parts)))


def _intervals(texts: list[str], rules: Equivalence) -> list[NormalForm]:
    """The intervals of inequalities in one variable; none where any of them is something else."""
    found = [interval(text, lambda end: _single(end, rules)) for text in texts]
    return [form for form in found if form] if texts and all(found) else []


def _united(forms: list[NormalForm]) -> NormalForm:
    return forms[0] if len(set(forms)) == 1 else NormalForm("union", frozenset(forms))


def _part(text: str, rules: Equivalence) -> NormalForm:  # noqa: PLR0911
    """A matrix, a tuple, an interval or a set by its parts; else a single value."""
    text = text.strip()
    if number(text) is None and (written := notation(text)):
        return NormalForm("notation", written)
    if rows := cases(text):
        values = ((_single(value, rules), _compact(condition)) for value, condition in rows)
        return NormalForm("notation", ("cases", frozenset(values)))
    if cells := matrix_cells(text):
        matrix = tuple(tuple(_part(cell, rules) for cell in row) for row in cells)
        return NormalForm("matrix", matrix)
    if (inside := enclosed(text)) is not None:
        start, middle, end = inside
        if number(middle) is None and (written := notation(middle)):
            return NormalForm("notation", (start, *written, end) if start == "[" else written)
        parts = split(middle)
        if len(parts) > 1 and any(part.strip(" .") == "" for part in parts):
            forms = tuple(_part(part, rules) for part in parts if part.strip(" ."))
            return NormalForm("notation", ("goes on", start, *forms))
        if start == "\\{" or (start == "{" and len(parts) > 1):
            return NormalForm("set", frozenset(_part(part, rules) for part in parts))
        if len(parts) > 1:
            return NormalForm("tuple", (start, *(_part(part, rules) for part in parts), end))
        if start in "({" and parts:
            return _part(middle, rules)
    return _single(text, rules)


def _single(text: str, rules: Equivalence) -> NormalForm:
    """A number with or without its unit, words, or an expression."""
    text, scale = _quantity(text, rules)
    text = " ".join(words_of(text).split())
    if (plain := number(text)) is not None:
        return NormalForm("number", plain * scale)
    if written := notation(text):
        return NormalForm("notation", written)
    if _is_prose(text):
        return _text(text)
    if text.count("\\pm") == 1:
        both = frozenset(_single(text.replace("\\pm", sign), rules) for sign in "+-")
        return NormalForm("set", both)
    try:
        return _equation(text) if "=" in text else _expression(text, scale)
    except Unworkable:  # known, but not to be rounded to something near
        return NormalForm("notation", ("beyond", _compact(text)))


def _expression(text: str, scale: Fraction) -> NormalForm:
    if text in _INFINITY:
        return NormalForm("value", (_INFINITY[text],))
    value = worth(text)
    if value is None:
        return NormalForm("expression", _compact(text))
    if isinstance(value, Fraction):
        return NormalForm("number", value * scale)
    return NormalForm("value", value)


def _quantity(text: str, rules: Equivalence) -> tuple[str, Fraction]:
    """The text without unit and percent sign as the rules say, and what to multiply it by."""
    scale = Fraction(1)
    if rules.units == "ignore" or not has_unit(text):
        text, scale = without_unit(text)
    if text.endswith("%") and rules.percent != "keep":
        text = text.removesuffix("%").strip()
        scale /= 100 if rules.percent == "value" else 1
    return text, scale


def _is_prose(text: str) -> bool:
    """Words rather than mathematics: a lone letter, no digit or operator, or many words."""
    if "\\" in text:
        return False
    if len(letter := text.strip("() ")) == 1 and letter.isalpha():
        return True
    words = [word for word in _WORD.findall(text) if not _FUNCTION.fullmatch(word)]
    return len(words) > 2 or (bool(words) and not any(c in "0123456789+*/^=" for c in text))


def _text(text: str) -> NormalForm:
    said = phrase(words_of(strip_wrapping(text)))
    bare = said.casefold().replace("’", "'").strip(" .,;:!()\"'。，；：！")
    return NormalForm("text", " ".join(bare.split()).removeprefix("the ") or bare)


def _literal(text: str) -> NormalForm:
    key = literal_key(text)
    return NormalForm("exact", text.strip()) if key is None else NormalForm("literal", key)


def _equation(text: str) -> NormalForm:
    """A chain of equal constants is worth its last one; an equation is known by the difference of
    its sides, whose scale and sign do not matter."""
    sides = [worth(side) for side in text.split("=")]
    last = sides[-1]
    if all(isinstance(side, Fraction) or (side and len(side) == 1) for side in sides):
        return NormalForm("number" if isinstance(last, Fraction) else "value", last)
    if len(sides) == 2:
        left, right = text.split("=")
        difference = worth(f"({left})-({right})")
        if isinstance(difference, tuple) and (ratios := _ratios(difference)):
            return NormalForm("expression", ("equation", *ratios))
    return NormalForm("expression", _compact(text))


def _ratios(digits: tuple[str, ...]) -> tuple[str, ...]:
    values = [complex(*map(float, value.split(","))) for value in digits]
    if abs(values[0]) < 1e-9:
        return ()
    ratios = [value / values[0] for value in values[1:]]
    return tuple(f"{ratio.real:.7g},{ratio.imag:.7g}" for ratio in ratios)


def _without_assignment(text: str) -> str:
    """`x = 5` and `x \\in [1, 2]` without their left side; an equation of more parts as it is."""
    found = _ASSIGNED.match(text)
    if found and "=" not in text[found.end() :] and text[found.end() :].strip():
        return text[found.end() :].strip()
    return text


def _values_of_one(parts: list[str]) -> list[str]:
    """x = 1 or x = 2 are values of one variable; x = 1 and y = 2 stay equations."""
    found = [_ASSIGNED.match(part) for part in parts]
    if len({match[0] for match in found if match}) > 1:
        return parts
    return [_without_assignment(part) for part in parts]


def _compact(text: str) -> str:
    """Without spaces (save those between words) and braces around one character."""
    bare = text.replace("\x01", "").replace("\x02", "").replace(ROW_BREAK, "\\\\")
    bare = re.sub(r"\{(\w)\}", r"\1", bare)
    return re.sub(r"(?<!\w)\s+|\s+(?!\w)", "", bare)
