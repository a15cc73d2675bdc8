"""Which known name was meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 100
"""Characters; longer names are not mistyped, and comparing takes the square of the length."""


def nearest(given: str, known: Iterable[str]) -> str | None:
    """The known name that is most like the given one, upper and lower case apart; None where none
    is close."""
    if len(given) > _LONGEST:
        return None
    by_case = {name.lower(): name for name in known}
    close = get_close_matches(given.lower(), by_case, 1)
    return by_case[close[0]] if close else None


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`did you mean 'greedy'? `, to go before what a message says next; empty where none is."""
    meant = nearest(given, known)
    return "" if meant is None else f"did you mean {meant!r}? "
