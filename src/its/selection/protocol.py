"""What a selector is given, and the base of every selector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from its.calls.protocol import Door
from its.candidates import Candidate, Score, Selection
from its.parts import Part
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.pairwise import Made


@dataclass(frozen=True, slots=True)
class Ballot:
    """All that a selector chooses from.

    `classes` holds a class number for every candidate: equal numbers are equivalent answers, None
    abstains. `scores` may come in any order and leave candidates out; of several for one
    candidate the last that is not None counts. `made` holds the pairwise comparisons of the same
    problem's earlier ballots, and takes those of this one.
    """

    question: Question
    candidates: Sequence[Candidate]
    classes: Sequence[int | None]
    scores: Sequence[Score]
    door: Door
    prompts: PromptSet
    made: Made = field(default_factory=dict)

    def values(self) -> list[float | None]:
        """A score in [0, 1] for every candidate, None where it has none."""
        known = {score.candidate: score.value for score in self.scores if score.value is not None}
        return [known.get(candidate.id) for candidate in self.candidates]


@dataclass(frozen=True, slots=True)
class Selector(Part, ABC):
    """Chooses the answer among candidates. Its fields are its settings; it holds no state.

    One that looks at scores other than to break a tie needs a reward.
    """

    def completions(self, candidates: int) -> int:
        """How many completions choosing among so many may cost at most, scoring not included."""
        return 0

    @abstractmethod
    async def select(self, ballot: Ballot) -> Selection:
        """The selection; its candidate is None where every candidate abstained. Fails softly:
        where a call of its own fails, it falls back to a vote and says so."""
