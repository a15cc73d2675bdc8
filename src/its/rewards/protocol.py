"""The protocol every reward keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet


class Reward(Protocol):
    """Scores candidates of one question. Settings are its fields; it holds no state.

    A reward never sees the reference. One that has nothing to say of a candidate (an unparsable
    verdict, no budget left) returns a Score with value None for it.
    """

    def completions(self, candidates: int) -> int:
        """How many completions scoring so many candidates together may cost at most."""
        ...

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        """One score a candidate, in the same order, values in [0, 1]. Labels of its calls are
        made from candidate ids. Fails softly: a CallError of one call is an abstention."""
        ...
