"""Solution search: best-first over whole solutions.

A few first solutions go into a priority queue by score. The best one is taken out and varied, its
variations are scored and go in, and so on; of all solutions the best complete one wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Le, MinLen

from its.parts import Need
from its.strategies.attempts import FIVE_STYLES
from its.strategies.protocol import Assignment, Outcome
from its.strategies.search import (
    Continuation,
    Node,
    Prompt,
    Search,
    State,
    Status,
    Task,
    affordable,
    rating_of,
)
from its.strategies.search_driver import drive, outcome_of, require_scorer


@dataclass(slots=True)
class SolutionState(State):
    """`expanded` are the nodes already taken out of the queue, in order."""

    expanded: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SolutionSearch(Search[SolutionState]):
    """Best-first search over whole solutions.

    `initial` solutions, then at most `expansions` times `variations` of the best one not yet
    varied. A complete solution that scores `enough` ends the search. `completeness` is tested by
    asking the model (`ask`, one completion each) or by whether the text ended by itself with an
    answer (`answer`). Styles are taken in turn.
    """

    name = "solution_search"
    needs = frozenset({Need.REWARD})

    algorithm: Literal["best_first"] = "best_first"
    initial: Annotated[int, Ge(1)] = 4
    variations: Annotated[int, Ge(1)] = 2
    expansions: Annotated[int, Ge(0)] = 10
    enough: Annotated[float, Ge(0), Le(1)] = 0.95
    completeness: Literal["answer", "ask"] = "answer"
    styles: Annotated[tuple[str, ...], MinLen(1)] = FIVE_STYLES

    def most_completions(self, scoring: int) -> int:
        return (self.initial + self.expansions * self.variations) * (
            1 + scoring + int(self.completeness == "ask")
        )

    def candidates_from(self, completions: int) -> int:
        return 0

    async def run(self, assignment: Assignment) -> Outcome:
        require_scorer(assignment, "solution_search")
        state = await drive(self, assignment)
        return outcome_of(assignment, state, state.alive(state.nodes))

    def start(self, completions: int, price: int, seed: int) -> SolutionState:
        return SolutionState(completions, price, seed)

    def grow(self, state: SolutionState) -> list[Task]:
        """The first solutions, later the variations of the head of the queue."""
        if not state.nodes:
            return self._solutions(state, "attempt", Node(""), self.initial)
        queue = self._queue(state)
        if self._good_enough(state):
            state.note = f"a complete solution scored {self.enough:g} or more"
            return []
        if len(state.expanded) == self.expansions or not queue:
            state.note = f"{len(state.expanded)} solutions were varied"
            return []
        head = queue[0]
        state.expanded.append(head.id)
        return self._solutions(state, "variation", head, self.variations)

    def rate(self, state: SolutionState) -> list[Task]:
        """Score every new solution and, if asked for, have its completeness tested."""
        tasks: list[Task] = []
        left = state.left
        for node in state.alive(state.fresh):
            if left >= state.price:
                left -= state.price
                tasks.append(rating_of(node))
            if self.completeness == "ask" and node.status == "finished" and left >= 1:
                left -= 1
                tasks.append(Prompt(f"complete/{node.id}", node.id, "complete", draft=node.text))
        return tasks

    def absorb(self, state: SolutionState, task: Task, said: Continuation) -> None:
        assert isinstance(task, Prompt)
        node = state.nodes[task.node]
        if task.prompt == "complete":
            verdict = says_yes(said.text)
            state.update(replace(node, status="open") if verdict is False else node)
            return
        state.update(whole_solution(node, said))

    def prune(self, state: SolutionState) -> None:
        """Nothing is thrown away: what is not taken out of the queue stays in it."""

    def _solutions(self, state: SolutionState, prompt: str, parent: Node, most: int) -> list[Task]:
        """As many as can also be scored and tested; a first one even if it cannot."""
        cost = 1 + state.price + (self.completeness == "ask")
        count = affordable(state, cost, most)
        if not state.nodes and not count:
            count = min(1, state.left)
        tasks: list[Task] = []
        for _ in range(count):
            node = Node(state.new_id(), parent.id)
            style = self.styles[len(state.nodes) % len(self.styles)]
            state.update(node)
            state.fresh.append(node.id)
            tasks.append(Prompt(node.id, node.id, prompt, style, parent.text))
        return tasks

    def _queue(self, state: SolutionState) -> list[Node]:
        """What can still be varied, best first; of equals the earlier."""
        waiting = (node for node in state.alive(state.nodes) if node.id not in state.expanded)
        return sorted(waiting, key=lambda node: -node.score)

    def _good_enough(self, state: SolutionState) -> bool:
        return any(
            node.status == "finished" and node.scores and node.score >= self.enough
            for node in state.nodes.values()
        )


def whole_solution(node: Node, said: Continuation) -> Node:
    """A node that got its text at once; open where it ended by itself without an answer."""
    status: Status = "finished" if said.answer != "none" else "open"
    if said.finish in ("length", "filtered"):
        status = "truncated"
    return replace(node, text=said.text, status=status, steps=1, tokens=said.tokens)


def says_yes(text: str) -> bool | None:
    """The verdict of a reply that should be "yes" or "no"; None where it is neither."""
    verdicts = re.findall(r"\b(yes|no)\b", text.lower())
    return verdicts[0] == "yes" if verdicts else None
