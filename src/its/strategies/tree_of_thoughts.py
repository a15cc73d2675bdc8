"""Tree of thoughts, breadth first (Yao et al., arXiv 2305.10601).

From each of the best states the model proposes thoughts (steps); it then votes several times on
how likely each new state is to lead to a solution, and the best states go on. The votes are the
model's own, so no reward is needed.
"""

from __future__ import annotations

import re
from bisect import insort
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from annotated_types import Ge

from its.candidates import Score
from its.parts import Need
from its.strategies.search import Continuation, Node, Prompt, Task, affordable
from its.strategies.steps import StepSearch, StepState, best_first, ended, open_children

VALUES = {"impossible": 0.001, "likely": 1.0, "sure": 20.0}
"""What a vote counts, as in the paper's code."""


@dataclass(slots=True)
class ThoughtState(StepState):
    """`votes` holds what each vote on a node counts, in ascending order."""

    votes: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TreeOfThoughts(StepSearch[ThoughtState]):
    """`proposals` thoughts from each of the best `keep` states, `votes` votes on each."""

    name = "tree_of_thoughts"
    needs = frozenset({Need.CONTINUATION})

    scores_itself: ClassVar[bool] = True

    keep: Annotated[int, Ge(1)] = 5
    proposals: Annotated[int, Ge(1)] = 3
    votes: Annotated[int, Ge(1)] = 3

    def start(self, completions: int, price: int, seed: int) -> ThoughtState:
        return ThoughtState(completions, self.votes, seed)

    def branches(self, state: ThoughtState) -> list[tuple[str, int]]:
        if state.round == 0:
            return [("", self.keep)]
        return [(id, self.proposals) for id in state.frontier]

    def kept(self, state: ThoughtState, children: int) -> int:
        return min(self.keep, children)

    def rate(self, state: ThoughtState) -> list[Task]:
        nodes = state.alive(state.fresh)
        return [
            Prompt(f"value/{node.id}/{vote}", node.id, "value", draft=node.text)
            for node in nodes[: affordable(state, self.votes, len(nodes))]
            for vote in range(self.votes)
        ]

    def absorb(self, state: ThoughtState, task: Task, said: Continuation) -> None:
        if isinstance(task, Prompt):
            vote = vote_in(said.text)
            if vote is not None:
                insort(state.votes.setdefault(task.node, []), vote)
        else:
            StepSearch.absorb(self, state, task, said)

    def prune(self, state: ThoughtState) -> None:
        for node in state.alive(state.fresh):
            state.update(self._valued(state, node))
        best = best_first(open_children(state))[: self.keep]
        state.frontier = [] if len(ended(state)) >= self.keep else [node.id for node in best]

    def _valued(self, state: ThoughtState, node: Node) -> Node:
        """The node with the mean of its votes, 1 for "sure"; without any it keeps what it had."""
        votes = state.votes.get(node.id)
        value = sum(votes) / len(votes) / VALUES["sure"] if votes else node.score
        if votes:
            reason = f"{len(votes)} votes"
            state.ratings[node.id] = Score(node.id, value, "tree_of_thoughts", reason)
        return replace(node, scores=(*node.scores, value))


def vote_in(text: str) -> float | None:
    """What the last verdict in a reply counts; None where there is none."""
    verdicts = re.findall(r"\b(impossible|likely|sure)\b", text.lower())
    return VALUES[verdicts[-1]] if verdicts else None
