"""What a selector is given, and the protocol it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from its.calls.protocol import Door
from its.candidates import Candidate, Score, Selection
from its.problems.problem import Question
from its.prompts import PromptSet


@dataclass(frozen=True, slots=True)
class Ballot:
    """All that a selector chooses from.

    `classes` holds a class number for every candidate: equal numbers are equivalent answers, None
    abstains. `scores` may come in any order and leave candidates out; of several for one
    candidate the last that is not None counts.
    """

    question: Question
    candidates: Sequence[Candidate]
    classes: Sequence[int | None]
    scores: Sequence[Score]
    door: Door
    prompts: PromptSet

    def values(self) -> list[float | None]:
        """A score in [0, 1] for every candidate, None where it has none."""
        known = {score.candidate: score.value for score in self.scores if score.value is not None}
        return [known.get(candidate.id) for candidate in self.candidates]


class Selector(Protocol):
    """Chooses the answer among candidates. Settings are its fields; it holds no state.

    `needs_reward` tells whether it looks at scores other than to break a tie.
    """

    needs_reward: bool

    def completions(self, candidates: int) -> int:
        """How many completions choosing among so many may cost at most, scoring not included."""
        ...

    async def select(self, ballot: Ballot) -> Selection:
        """The selection; its candidate is None where every candidate abstained. Fails softly:
        where a call of its own comes to nothing, it falls back to a vote and says so."""
        ...
