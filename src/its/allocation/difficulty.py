"""How hard a problem is, from 1 to 10, by four methods."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from annotated_types import Ge, Le

from its.parts import Part

Level = Annotated[int, Ge(1), Le(10)]


@dataclass(frozen=True, slots=True)
class Difficulty:
    """A whole number from 1 (easy) to 10 (hard), the method that found it, and why."""

    value: int
    method: str
    reason: str


class DifficultyProbe(Protocol):
    """How a difficulty method finds out about one problem; every call is charged."""

    @property
    def question(self) -> str: ...

    async def ask(self) -> str | None:
        """The model's reply to the question how difficult the problem is; None where it failed.
        One completion."""
        ...

    async def sample(self, samples: int) -> Sequence[int | None]:
        """Draws samples, which stay candidates, and returns a class number for each (equal numbers
        are equivalent answers, None abstains). As many completions."""
        ...


@dataclass(frozen=True, slots=True)
class DifficultyMethod(Part, ABC):
    """Says how hard a problem is, from 1 to 10."""

    def completions(self) -> int:
        """The most completions that it can use."""
        return 0

    def candidates(self) -> int:
        """How many of these are samples, which stay candidates."""
        return 0

    def highest(self) -> int:
        """The highest difficulty that it can give."""
        return 10

    @abstractmethod
    async def assess(self, probe: DifficultyProbe) -> Difficulty:
        """The difficulty of the problem that `probe` asks about."""


@dataclass(frozen=True, slots=True)
class AskDifficulty(DifficultyMethod):
    """Asks the model for a rating; one completion. `fallback` where it gives none."""

    name = "ask"

    fallback: Level = 5

    def completions(self) -> int:
        return 1

    async def assess(self, probe: DifficultyProbe) -> Difficulty:
        return self.judge(await probe.ask())

    def judge(self, reply: str | None) -> Difficulty:
        """`reply` is the model's text, None where the call failed."""
        value = None if reply is None else parse_rating(reply)
        if value is None:
            why = (
                "the question failed" if reply is None else "the reply held no rating from 1 to 10"
            )
            return Difficulty(self.fallback, "ask", f"{why}; taken as {self.fallback}")
        return Difficulty(value, "ask", f"the model rated it {value} of 10")


@dataclass(frozen=True, slots=True)
class ProbeDifficulty(DifficultyMethod):
    """Draws a few samples and looks how far they agree. The samples are charged, and are
    candidates like any other."""

    name = "probe"

    samples: Annotated[int, Ge(2)] = 4

    def completions(self) -> int:
        return self.samples

    def candidates(self) -> int:
        return self.samples

    async def assess(self, probe: DifficultyProbe) -> Difficulty:
        return self.judge(await probe.sample(self.samples))

    def judge(self, answers: Sequence[int | None]) -> Difficulty:
        """`answers` holds a class number per sample, None for one that abstains.

        Full agreement is 1, none at all is 10, linear between; an abstention agrees with no other.
        A single sample, where the plan holds no more, says nothing: 5.
        """
        if len(answers) == 1:
            return Difficulty(5, "probe", "one sample cannot agree or disagree; taken as 5")
        votes = Counter(answer for answer in answers if answer is not None)
        most = max(votes.values(), default=0)
        spread = len(answers) - 1
        apart = (len(answers) - max(1, most)) / spread if spread > 0 and most else 1.0
        return Difficulty(1 + round(9 * apart), "probe", f"{most} of {len(answers)} samples agree")


@dataclass(frozen=True, slots=True)
class LengthDifficulty(DifficultyMethod):
    """A point for every so many words of the question; costs nothing and is a rough guess."""

    name = "length"

    words_per_point: Annotated[int, Ge(1)] = 15

    async def assess(self, probe: DifficultyProbe) -> Difficulty:
        return self.judge(probe.question)

    def judge(self, question: str) -> Difficulty:
        words = len(question.split())
        value = min(10, 1 + words // self.words_per_point)
        return Difficulty(value, "length", f"the question has {words} words")


@dataclass(frozen=True, slots=True)
class FixedDifficulty(DifficultyMethod):
    """The same for every problem."""

    name = "fixed"

    value: Level = 5

    def highest(self) -> int:
        return self.value

    async def assess(self, probe: DifficultyProbe) -> Difficulty:
        return self.judge()

    def judge(self) -> Difficulty:
        return Difficulty(self.value, "fixed", f"set to {self.value} for every problem")


_NUMBER = r"(?<![\w.,/+–-])(\d{1,3}(?:\.\d+)?)(?![\w/]|[.,]\d|\s*[–-]\s*\d)"
_SCALE = re.compile(r"\(?\b(?:1|one)\s*(?:-|–|to|and|\.\.+|through)\s*(?:10|ten)\b\)?", re.I)
_OF_TEN = re.compile(
    r"(?<![\w.,/+–-])(\d{1,3}(?:\.\d+)?)\s*(?:/|out of|of)\s*(?:10|ten)\b(?![.,]?\d)", re.I
)
_LABELLED = re.compile(
    r"\b(?:difficulty|rating|rate|score|level)\b[^\d\n+-]{0,40}?\s?" + _NUMBER, re.I
)
_ALONE = re.compile(r"^\s*" + _NUMBER + r"\s*[.!]?\s*$", re.M)
_ANY = re.compile(_NUMBER)


def parse_rating(text: str) -> int | None:
    """A model's rating as a whole number from 1 to 10, or None where it gave none.

    Understood in this order, the last of its sort winning: "7/10" and "7 out of 10"; "Difficulty:
    7"; a line that is only a number; the only number there is. Halves round up. A rating outside
    1 to 10 is none at all, and nothing is guessed from a text with several unmarked numbers.
    """
    plain = _SCALE.sub(" ", re.sub(r"[*_`$]|\\boxed|[{}]", " ", text[-4000:]))
    for pattern in (_OF_TEN, _LABELLED, _ALONE):
        if found := pattern.findall(plain):
            return _in_range(found[-1])
    numbers = set(_ANY.findall(plain))
    return _in_range(numbers.pop()) if len(numbers) == 1 else None


def _in_range(number: str) -> int | None:
    value = float(number)
    return int(value + 0.5) if 1 <= value <= 10 else None
