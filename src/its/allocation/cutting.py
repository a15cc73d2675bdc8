"""When the rest of a running sample is not worth its tokens.

A rule decides on what samples have written and on samples of lower numbers, or in a way that the
order of arrival cannot change, so that the same samples count whatever the timing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from its.models.protocol import Completion
from its.models.watching import Cut, Watch
from its.parts import Part


class Cutting(ABC):
    """What a rule knows of the samples of one stage, which go by their numbers. The first `whole`
    of them it never stops."""

    whole = 0

    def open(self) -> int | None:
        """How many samples may be in flight or settled by now; None: all."""
        return None

    @abstractmethod
    def watch(self, number: int) -> Watch:
        """A new watch of one attempt at a sample."""

    def settle(self, number: int, completion: Completion | None) -> None:
        """Take what a sample came to: None where its call failed."""
        return

    def leaves_out(self, number: int) -> str:
        """Why a sample that ended by itself does not count; "" where it does."""
        return ""


@dataclass(frozen=True, slots=True)
class CuttingRule(Part, ABC):
    """Decides which running samples are not worth the rest of their tokens.

    `reads_alternatives` says whether it needs the log-probabilities of likely alternatives;
    `compares` whether it compares samples with each other; `wants_all` whether all of a stage's
    samples go out together, whatever a stopping rule says.
    """

    reads_alternatives: ClassVar[bool] = False
    compares: ClassVar[bool] = False
    wants_all: ClassVar[bool] = False

    @abstractmethod
    def begin(self) -> Cutting:
        """What it knows at the beginning of a stage."""


class AllCutting(Cutting):
    """Several rules at once: the first that cuts a sample has cut it."""

    def __init__(self, rules: Sequence[CuttingRule]) -> None:
        self._parts = [rule.begin() for rule in rules]
        self.whole = max(part.whole for part in self._parts)

    def open(self) -> int | None:
        counts = [count for part in self._parts if (count := part.open()) is not None]
        return min(counts, default=None)

    def watch(self, number: int) -> Watch:
        return _AllWatch([part.watch(number) for part in self._parts])

    def settle(self, number: int, completion: Completion | None) -> None:
        for part in self._parts:
            part.settle(number, completion)

    def leaves_out(self, number: int) -> str:
        return next((why for part in self._parts if (why := part.leaves_out(number))), "")


class _AllWatch:
    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        cuts = [watch.look(text, tokens, tops) for watch in self._watches]
        return next((cut for cut in cuts if cut is not None), None)

    def ended(self, tokens: int | None) -> float | None:
        found = [watch.ended(tokens) for watch in self._watches]
        return next((least for least in found if least is not None), None)
