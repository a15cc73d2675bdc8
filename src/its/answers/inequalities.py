"""Inequalities of one variable as the intervals they mean."""

from __future__ import annotations

import re
from collections.abc import Callable

from its.answers.equivalence import NormalForm

_SIGNS = re.compile(
    r"(<=|>=|<|>|\\le(?![A-Za-z])|\\ge(?![A-Za-z])|\\lt(?![A-Za-z])|\\gt(?![A-Za-z]))"
)
_UP = {"<": False, "<=": True, "\\le": True, "\\lt": False}
_DOWN = {">": False, ">=": True, "\\ge": True, "\\gt": False}
_VARIABLE = re.compile(r"\\?[A-Za-z]|\\(?:theta|alpha|beta|lambda|phi)")
_MINUS, _PLUS = (NormalForm("value", (end,)) for end in ("-infinity", "infinity"))
_ENDLESS = (_MINUS, _PLUS)


def interval(text: str, read: Callable[[str], NormalForm]) -> NormalForm | None:
    """The interval that `x > 1` or `1 < x <= 3` means; None for anything else.

    Written as an interval is: a tuple of bracket, ends and bracket. `read` reads an end.
    """
    sides = [side.strip() for side in _SIGNS.split(text)]
    if len(sides) not in (3, 5) or any(len(side) > 60 for side in sides):
        return None
    if any(sign in _DOWN for sign in sides[1::2]):
        if any(sign in _UP for sign in sides[1::2]):
            return None
        sides = sides[::-1]
    closed = [{**_UP, **_DOWN}[sign] for sign in sides[1::2]]
    if len(sides) == 5:
        return _between(sides[0], closed[0], sides[2], closed[1], sides[4], read)
    if _VARIABLE.fullmatch(sides[0]):
        return _between("", False, sides[0], closed[0], sides[2], read)
    return _between(sides[0], closed[0], sides[2], False, "", read)


def _between(
    low: str, low_in: bool, name: str, high_in: bool, high: str, read: Callable[[str], NormalForm]
) -> NormalForm | None:  # fmt: skip
    if not _VARIABLE.fullmatch(name):
        return None
    start, end = read(low) if low else _MINUS, read(high) if high else _PLUS
    if any(not _is_constant(form) for form in (start, end)):
        return None
    brackets = (
        ("[" if low_in and start not in _ENDLESS else "("),
        ("]" if high_in and end not in _ENDLESS else ")"),
    )
    return NormalForm("tuple", (brackets[0], start, end, brackets[1]))


def _is_constant(form: NormalForm) -> bool:
    is_value = form.shape == "value" and isinstance(form.content, tuple) and len(form.content) == 1
    return form.shape == "number" or is_value
