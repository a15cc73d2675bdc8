"""Which choice a reference names. Where one row leaves that open, the whole file decides."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from its.problems.choices import LETTERS
from its.problems.json_line import LineFault, type_name

Reading = Literal["label", "letter", "text", "from 0", "from 1"]

ENOUGH = 64
"""References after which one way of reading that fits best is taken for the file's way."""

_WAYS: dict[Reading, str] = {
    "label": "by label",
    "letter": "by letter",
    "from 0": "by number from 0",
    "from 1": "by number from 1",
    "text": "by text",
}
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_LETTER_AND_TEXT = re.compile(r"\(?([A-Za-z])[).:]\s*(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Named:
    """A reference that names a choice, with the ways to read it: which choice each would mean."""

    field: str
    written: str
    sort: Literal["number", "letter", "other"]
    readings: dict[Reading, int]
    first: int = 0

    @property
    def is_open(self) -> bool:
        return len(set(self.readings.values())) > 1


def name_choice(
    field: str,
    reference: Any,
    texts: tuple[str, ...],
    labels: tuple[str, ...] = (),
    counted: int | None = None,
    first: int = 0,
) -> Named:
    """Read a reference every way that it can be read. `counted` is known of the form: 0 or 1.

    Raises LineFault where it is of a type that names no choice.
    """
    if isinstance(reference, float) and reference.is_integer():
        reference = int(reference)
    if isinstance(reference, bool) or not isinstance(reference, str | int):
        raise LineFault(f"field {field!r} must name a choice, not hold {type_name(reference)}")
    written = str(reference).strip()
    number = int(written) if re.fullmatch(r"-?[0-9]{1,3}", written) else None
    if counted is not None and number is not None:
        places: dict[Reading, int] = {"from 0" if counted == 0 else "from 1": number - counted}
        return Named(field, written, "number", _inside(places, texts))
    if written in labels:
        return Named(field, written, "other", {"label": labels.index(written)})
    readings: dict[Reading, int] = {}
    letter = _LETTER.fullmatch(written) or _with_its_text(written, texts)
    if letter:
        readings["letter"] = LETTERS.index(letter[1].upper())
    found = [place for place, text in enumerate(texts) if _alike(text, written)]
    if len(found) == 1:
        readings["text"] = found[0]
    if number is not None:
        readings |= {"from 0": number, "from 1": number - 1}
    sort = "letter" if letter else "other" if number is None else "number"
    return Named(field, written, sort, _inside(readings, texts), first)  # type: ignore[arg-type]


class Numbering:
    """What the references of a file have in common, so far."""

    def __init__(self) -> None:
        self._fits: dict[str, Counter[Reading]] = {"number": Counter(), "letter": Counter()}
        self._seen: Counter[str] = Counter()
        self.used: Counter[str] = Counter()
        """How references named their choices: `by letter`, `by number from 1`."""

    def add(self, named: Named) -> None:
        if named.sort in self._fits:
            self._seen[named.sort] += 1
            self._fits[named.sort].update(named.readings.keys())

    def knows(self, named: Named) -> bool:
        """Whether no further row is needed to read this one."""
        if not named.is_open:
            return True
        return self._seen[named.sort] >= ENOUGH and len(self._best(named)) == 1

    def choose(self, named: Named) -> str:
        """The letter of the choice that is meant; raises LineFault where that stays open."""
        best = self._best(named) if named.is_open else set(named.readings)
        places = {named.readings[reading] for reading in best if reading in named.readings}
        if not places:
            places = set(named.readings.values())
        if len(places) > 1 and best <= {"from 0", "from 1"}:
            places = {named.readings["from 1" if named.first == 1 else "from 0"]}
        if len(places) == 1:
            place = places.pop()
            self._note(named, best, place)
            return LETTERS[place]
        problem = "may mean several of the choices" if places else "names none of the choices"
        raise LineFault(
            f"field {named.field!r} ({named.written[:40]!r}) {problem}; "
            "give the letter of the right one"
        )

    def _note(self, named: Named, best: set[Reading], place: int) -> None:
        fitting = [way for way in _WAYS if named.readings.get(way) == place]
        ways = [way for way in fitting if way in best] or fitting
        if ways and (len(ways) == 1 or named.sort != "number"):
            self.used[_WAYS[ways[0]]] += 1

    def _best(self, named: Named) -> set[Reading]:
        """The readings that fit most of the file's references of this sort."""
        fits = self._fits.get(named.sort, Counter())
        most = max((fits[reading] for reading in named.readings), default=0)
        return {reading for reading in named.readings if fits[reading] == most}


def _inside(readings: dict[Reading, int], texts: tuple[str, ...]) -> dict[Reading, int]:
    return {reading: place for reading, place in readings.items() if 0 <= place < len(texts)}


def _with_its_text(written: str, texts: tuple[str, ...]) -> re.Match[str] | None:
    """`B. Paris`, where Paris is what B stands for."""
    found = _LETTER_AND_TEXT.fullmatch(written)
    place = LETTERS.index(found[1].upper()) if found else len(texts)
    return found if found and place < len(texts) and _alike(texts[place], found[2]) else None


def _alike(text: str, written: str) -> bool:
    return text.strip() == written or text.strip().casefold() == written.casefold()
