"""Searches over reasoning steps: how a prefix grows, when it ends, and how a cap is kept.

A step ends at a separator or a token limit; the finish reason decides what the prefix is then:
open, finished, truncated or failed. When the completions that are left would no longer bring the
next round home, the search ends its prefixes: each is continued to its end in one completion. So
whatever the budget, there are whole answers at the end.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, TypeVar

from annotated_types import Ge, MinLen

from its.models.protocol import Request
from its.parts import Need
from its.prompts.prompt_set import BLANK_LINE
from its.strategies.protocol import Assignment, Outcome
from its.strategies.search import (
    Continuation,
    Extend,
    Node,
    Search,
    State,
    Status,
    Task,
    affordable,
)
from its.strategies.search_driver import drive, outcome_of, require_continuation, require_scorer

MOST_EMPTY_STEPS = 1


@dataclass(slots=True)
class StepState(State):
    """`frontier` are the open nodes to grow, best first; `ending` marks the last round."""

    frontier: list[str] = field(default_factory=list)
    ending: bool = False


StepS = TypeVar("StepS", bound=StepState)


@dataclass(frozen=True, slots=True)
class StepSearch(Search[StepS]):
    """What all searches over steps share.

    `separator` (the prompt set's unless given) ends a step, and so does `step_tokens` where given.
    A prefix of `max_steps` steps is carried to its end at once; `style` names the style that it is
    asked in, "" for none.
    """

    needs = frozenset({Need.PROCESS_REWARD, Need.CONTINUATION})

    wants_logprobs: ClassVar[bool] = False
    scores_itself: ClassVar[bool] = False

    separator: Annotated[str, MinLen(1)] | None = field(default=None, kw_only=True)
    max_steps: Annotated[int, Ge(1)] = field(default=40, kw_only=True)
    step_tokens: Annotated[int, Ge(1)] | None = field(default=None, kw_only=True)
    style: str = field(default="", kw_only=True)

    @property
    def step_end(self) -> str:
        return self.separator or BLANK_LINE

    @abstractmethod
    def branches(self, state: StepS) -> list[tuple[str, int]]:
        """Which nodes grow in this round, best first, and how many children each gets. The empty
        id is the root."""

    @abstractmethod
    def kept(self, state: StepS, children: int) -> int:
        """How many open prefixes at most a round of so many children leaves to be ended later."""

    def last_branches(self, state: StepS, branches: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """What is carried to its end when the budget ends, instead of growing `branches`."""
        return branches

    def cost(self, state: StepS) -> int:
        """Completions that one child takes: its step, what follows from it, its rating."""
        return 1 + state.price

    def candidates_from(self, completions: int) -> int:
        return 0

    async def run(self, assignment: Assignment) -> Outcome:
        state = await self.search(assignment)
        return outcome_of(assignment, state, ended(state))

    async def search(self, assignment: Assignment) -> StepS:
        """The last state of the search; refused before any call where it cannot work."""
        name = type(self).__name__
        if not self.scores_itself:
            require_scorer(assignment, name)
        require_continuation(assignment, name)
        settled = replace(self, separator=self.separator or assignment.prompts.separator)
        return await drive(settled, assignment, settled.request)

    def request(self, assignment: Assignment, task: Extend) -> Request:
        prompts = assignment.prompts
        style = prompts.style(self.style) if self.style else ""
        logprobs = self.wants_logprobs and assignment.door.capabilities.logprobs
        return assignment.door.request(
            prompts.render("attempt", assignment.question, style=style),
            temperature=0.0 if task.greedy else None,
            max_tokens=None if task.to_end else self.step_tokens,
            stop=() if task.to_end else (self.step_end,),
            logprobs=0 if logprobs else None,
            continues=task.text,
        )

    def grow(self, state: StepS) -> list[Task]:
        """Children of the best nodes; at the end of the budget they are the last ones."""
        branches = [] if state.ending else self.branches(state)
        children = [parent for parent, count in branches for _ in range(count)]
        if not children:
            return []
        ahead = self.kept(state, len(children)) * (1 + state.price)
        if len(children) * self.cost(state) + ahead > state.left:
            state.ending = True
            state.note = f"the budget carried its prefixes to their end after {state.round} rounds"
            children = _in_turn(self.last_branches(state, branches))
            count = affordable(state, 1 + state.price, min(len(children), state.left))
            children = children[: count or min(1, state.left)]
        return [self._child(state, parent) for parent in children]

    def absorb(self, state: StepS, task: Task, said: Continuation) -> None:
        assert isinstance(task, Extend)
        state.update(self.grown(state.nodes[task.node], task, said))

    def grown(self, node: Node, task: Extend, said: Continuation) -> Node:
        """A node with what was said put behind it."""
        status = self._status(task, said)
        empties = 0 if said.text.strip() else node.empties + 1
        if empties > MOST_EMPTY_STEPS and said.answer != "read":
            status = "failed"
        step_ended = status == "open" and said.finish != "length"
        return replace(
            node,
            text=node.text + said.text + (self.step_end if step_ended else ""),
            status=status,
            steps=node.steps + 1,
            empties=empties,
            tokens=None
            if node.tokens is None or said.tokens is None
            else node.tokens + said.tokens,
            logprob=said.mean_logprob,
        )

    def _status(self, task: Extend, said: Continuation) -> Status:
        match said.finish:
            case "end":
                return "finished"
            case "stop_string":
                return "open"
            case "stop":  # the endpoint does not say which: an answer decides
                return "finished" if task.to_end or said.answer == "read" else "open"
            case "length":
                return "truncated" if task.to_end or self.step_tokens is None else "open"
            case "filtered" | "cut" | "loop":
                return "failed"

    def _child(self, state: StepS, parent: str) -> Extend:
        before = state.nodes[parent] if parent else Node("")
        node = replace(before, id=state.new_id(), parent=parent, status="new")
        state.update(node)
        state.fresh.append(node.id)
        # Behind an empty step the model is given its head: an endpoint that trims the prefix it
        # continues would end every further step at the separator again.
        to_end = state.ending or before.steps >= self.max_steps or before.empties > 0
        return Extend(node.id, node.id, node.text, to_end)


def ended(state: State) -> list[Node]:
    """Every solution that came to its end, whole or cut short, in the order of their ids."""
    return [node for node in state.nodes.values() if node.status in ("finished", "truncated")]


def best_first(nodes: Sequence[Node]) -> list[Node]:
    """Highest score first; of equals the earlier."""
    return sorted(nodes, key=lambda node: -node.score)


def open_children(state: State) -> list[Node]:
    """Nodes of this round that can grow on."""
    return [state.nodes[id] for id in state.fresh if state.nodes[id].status == "open"]


def _in_turn(branches: Sequence[tuple[str, int]]) -> list[str]:
    """Every parent once, then every parent again, until each has had its children."""
    most = max(count for _, count in branches)
    return [parent for turn in range(most) for parent, count in branches if turn < count]
