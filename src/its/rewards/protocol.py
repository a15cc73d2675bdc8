"""The base of every reward."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.parts import Part
from its.problems.problem import Question
from its.prompts import PromptSet


@dataclass(frozen=True, slots=True)
class Reward(Part, ABC):
    """Scores candidates of one question. Its fields are its settings; it holds no state.

    A reward never sees the reference. One that has nothing to say about a candidate (an unreadable
    verdict, no budget left) returns a Score with value None for it. `scores_prefixes` says whether
    it can score an unfinished solution, `reads_probabilities` whether it works on the token
    probabilities that came with a candidate. `together` says that it weighs candidates against each
    other, so that all of them must be scored; else the last one may go unscored.
    """

    scores_prefixes: ClassVar[bool] = True
    together: ClassVar[bool] = False
    reads_probabilities: ClassVar[bool] = False

    @abstractmethod
    def completions(self, candidates: int) -> int:
        """How many completions scoring so many candidates together may cost at most."""

    @abstractmethod
    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        """One score per candidate, in the same order, values in [0, 1]. Labels of its calls are
        made from candidate ids. Fails softly: a CallError of one call is an abstention."""
