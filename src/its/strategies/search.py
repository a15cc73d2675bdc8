"""Search as a state machine: `ask` what to do next, `tell` what came of it; no I/O in between.

A search object holds settings only. All that happens lies in a `State` of plain values, which
`dump_state` and `load_state` turn into JSON and back at any point. Work goes in rounds of phases:
*grow* (new nodes are asked for), *look* (some searches look ahead of them), *rate* (they are
scored) and *prune* (what to grow next is decided, without any work). A round is decided when all
of it has been told, and each result touches its own node alone, so the order of telling never
matters.

The cap on completions is kept here: a task is promised only while the state has the completions
for it, so no driver can spend more.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, cast

from its.candidates import Score
from its.models.protocol import Finish
from its.strategies.protocol import Strategy

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Status = Literal["new", "open", "finished", "truncated", "failed"]


@dataclass(frozen=True, slots=True)
class Extend:
    """Continue the assistant's turn `text` by one step, or to its end, for the node `node`."""

    id: str
    node: str
    text: str
    to_end: bool = False
    greedy: bool = False
    kind: Literal["extend"] = "extend"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Ask the question by a prompt of the set; the reply belongs to the node `node`. `model` is
    asked, where several share the stage."""

    id: str
    node: str
    prompt: str
    style: str = ""
    draft: str = ""
    model: str = ""
    kind: Literal["prompt"] = "prompt"


@dataclass(frozen=True, slots=True)
class Rate:
    """Score the node `node`, whose text is a whole solution or (not `complete`) a prefix of one."""

    id: str
    node: str
    text: str
    complete: bool
    kind: Literal["rate"] = "rate"


Task = Extend | Prompt | Rate


@dataclass(frozen=True, slots=True)
class Continuation:
    """What a model said to Extend or Prompt: the new text alone.

    `answer` tells whether an answer can be read out of the whole turn, or a mere guess at one.
    """

    text: str
    finish: Finish
    answer: Literal["none", "guess", "read"] = "none"
    tokens: int | None = None
    mean_logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A task failed; `exhausted` where no budget is left for any other either."""

    reason: str
    exhausted: bool = False


Result = Continuation | Score | Failed


@dataclass(frozen=True, slots=True)
class Node:
    """A partial or whole solution.

    `scores` holds the reward of every prefix on the way here, this one's last; where the reward
    abstained, the score before stands. `empties` counts empty steps in a row. `logprob` is the
    mean natural-log probability of the last step's tokens. `model` wrote it, where several share
    the stage.
    """

    id: str
    parent: str = ""
    text: str = ""
    status: Status = "new"
    steps: int = 0
    scores: tuple[float, ...] = ()
    empties: int = 0
    tokens: int | None = 0
    logprob: float | None = None
    model: str = ""

    @property
    def score(self) -> float:
        """The last score; one half, which says nothing, where there is none."""
        return self.scores[-1] if self.scores else 0.5


@dataclass(slots=True)
class State:
    """All that a search knows. `left` completions are not promised yet, `price` is what rating
    one node takes of them; `fresh` are the nodes of this round, `pending` the tasks not
    told; `note` says in words what ended the search, where that is worth saying. `models` are those
    that share the stage, empty where there is one."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"ser_json_inf_nan": "strings"}

    left: int
    price: int
    seed: int
    phase: Literal["grow", "look", "rate", "prune", "over"] = "grow"
    round: int = 0
    nodes: dict[str, Node] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    pending: dict[str, Task] = field(default_factory=dict)
    ratings: dict[str, Score] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    note: str = ""
    models: list[str] = field(default_factory=list)

    def new_id(self) -> str:
        return str(len(self.nodes))

    def random(self, purpose: str) -> Random:
        """A generator of its own for every purpose of every round: there is no state to keep."""
        return Random(f"{self.seed}/{self.round}/{purpose}")

    def update(self, node: Node) -> None:
        self.nodes[node.id] = node

    def alive(self, ids: Iterable[str]) -> list[Node]:
        """The nodes among these that have not failed, in order."""
        return [self.nodes[id] for id in ids if self.nodes[id].status != "failed"]


S = TypeVar("S", bound=State)


@dataclass(frozen=True, slots=True)
class Search(Strategy, Generic[S]):
    """A search over solutions; its settings are its fields."""

    @abstractmethod
    def start(self, completions: int, price: int, seed: int) -> S:
        """The state before the first task: completions it may spend, and what a rating costs."""

    @abstractmethod
    def grow(self, state: S) -> Sequence[Task]:
        """Tasks of a new round, their nodes made in the state; none ends the search."""

    @abstractmethod
    def absorb(self, state: S, task: Task, said: Continuation) -> None:
        """Take in what was said to an Extend or Prompt."""

    @abstractmethod
    def prune(self, state: S) -> None:
        """Decide what the next round grows, once all of this one is told."""

    def ask(self, state: S) -> list[Task]:
        """What to do now: the same tasks until they are told; none when the search is over."""
        while not state.pending and state.phase != "over":
            self._advance(state)
        return list(state.pending.values())

    def tell(self, state: S, task_id: str, result: Result) -> None:
        """What came of a task. Telling it again changes nothing."""
        task = state.pending.pop(task_id, None)
        if task is None:
            return
        match result:
            case Continuation():
                self.absorb(state, task, result)
            case Score():
                assert isinstance(task, Rate)
                node = state.nodes[task.node]
                value = node.score if result.value is None else result.value
                state.ratings[node.id] = result
                state.update(replace(node, scores=(*node.scores, value)))
            case Failed():
                state.failures.append(f"{task.id}: {result.reason}")
                state.left = 0 if result.exhausted else state.left
                self.absorb_failure(state, task)

    def absorb_failure(self, state: S, task: Task) -> None:
        """Take in that a task failed: a node that never got its text has failed."""
        if task.id == task.node:
            state.update(replace(state.nodes[task.id], status="failed"))

    def _advance(self, state: S) -> None:
        if state.phase == "grow":
            state.fresh = []
            tasks: Sequence[Task] = self.grow(state)
            state.phase = "look" if tasks else "over"
        elif state.phase == "look":
            tasks = self.look_ahead(state)
            state.phase = "look" if tasks else "rate"
        elif state.phase == "rate":
            tasks = self.rate(state)
            state.phase = "prune"
        else:
            self.prune(state)
            tasks = []
            state.round += 1
            state.phase = "grow"
        for task in tasks:
            _promise(state, task)

    def look_ahead(self, state: S) -> Sequence[Task]:
        """Further tasks before the round is rated; asked again until there are none."""
        return ()

    def rate(self, state: S) -> Sequence[Task]:
        """A rating for every node of the round, as many as are paid for."""
        nodes = state.alive(state.fresh)
        return [rating_of(node) for node in nodes[: affordable(state, state.price, len(nodes))]]


def rating_of(node: Node) -> Rate:
    return Rate(f"rate/{node.id}", node.id, node.text, node.status == "finished")


def affordable(state: State, cost: int, most: int) -> int:
    """How many things of a cost in completions the state can still pay for, `most` at most."""
    return most if cost == 0 else min(most, state.left // cost)


def _promise(state: State, task: Task) -> None:
    """Set a task's completions aside and mark it as pending."""
    cost = state.price if isinstance(task, Rate) else 1
    if cost > state.left:
        raise ValueError(f"task {task.id} costs {cost} completions, and {state.left} are left")
    state.left -= cost
    state.pending[task.id] = task


def dump_state(state: State) -> bytes:
    """The state as JSON."""
    return _adapter_of(type(state)).dump_json(state)


def load_state(kind: type[S], data: bytes) -> S:
    """The state that `dump_state` wrote."""
    return cast(S, _adapter_of(kind).validate_json(data))


def _adapter_of(kind: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
