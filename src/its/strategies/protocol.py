"""What a strategy is given, what it gives back, and the protocol it keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Protocol

from its.allocation.cutting import CuttingRule
from its.allocation.stopping import StoppingRule
from its.calls.protocol import Door
from its.candidates import Answer, Candidate, Score
from its.parts import Part
from its.problems.problem import Question
from its.prompts import PromptSet


class Allowance(Protocol):
    """What one budget for the whole batch grants this problem."""

    async def __call__(self, answers: Sequence[int | None], tokens: float | None, left: int) -> int:
        """How many samples may be drawn now; 0: no more at all. Waits for the other problems.

        `answers` as for a stopping rule; `tokens` is the samples' mean length, None where
        unknown; `left` is how many more this problem could draw.
        """
        ...


class Scorer(Protocol):
    """A reward already bound to its question, door and prompts."""

    def completions(self, candidates: int) -> int:
        """How many completions scoring so many candidates together may cost at most."""
        ...

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]: ...


@dataclass(frozen=True, slots=True)
class Critic:
    """Another model that critiques drafts: its door and its prompts."""

    door: Door
    prompts: PromptSet


@dataclass(frozen=True, slots=True)
class StageModel:
    """One of several models that share a stage: its name among the pipeline's models, its prompts,
    and its share of the calls where the strategy does not choose by itself."""

    name: str
    prompts: PromptSet
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that a strategy works with. It knows no reference, file, clock or HTTP.

    `completions` is how many completions this stage may spend on generating (its scoring through
    `scorer` included); `read` extracts an answer from a text, `same` compares two; `stop` is None
    for strategies that run to their end; `earlier` holds the candidates of earlier stages; `seed`
    feeds any random choice of the strategy itself; `stage` begins the id of every candidate;
    `critic` is None where the model critiques its own drafts; `allowance` is None
    unless a budget for the whole batch grants independent samples; `models` is empty unless
    several share the stage (`door` and `prompts` are then the first one's); `cuts` stop independent
    samples that are not worth the rest of their tokens.
    """

    question: Question
    door: Door
    prompts: PromptSet
    read: Callable[[str], Answer | None]
    same: Callable[[Answer, Answer], bool]
    completions: int
    seed: int
    scorer: Scorer | None = None
    stop: StoppingRule | None = None
    lookahead: int = 0
    earlier: tuple[Candidate, ...] = ()
    stage: str = ""
    critic: Critic | None = None
    allowance: Allowance | None = None
    cuts: tuple[CuttingRule, ...] = ()
    models: tuple[StageModel, ...] = ()

    def of(self, model: str) -> Assignment:
        """The same as one of the stage's models is asked; "" is the stage's only one."""
        if not model:
            return self
        prompts = next(each.prompts for each in self.models if each.name == model)
        return replace(self, door=self.door.to(model), prompts=prompts)

    def candidate_id(self, label: str) -> str:
        """The id of the candidate that the call `label` of this stage brought."""
        return f"{self.stage}/{label}" if self.stage else label


@dataclass(frozen=True, slots=True)
class Savings:
    """How many samples were stopped while they were written, after how many tokens, and about how
    many more they would have had: a loop as many as it may, any other as many as those that no rule
    could stop had on average (0 where there are none)."""

    samples: int = 0
    written: int = 0
    saved: int = 0

    def as_json(self) -> str:
        return f"[{self.samples}, {self.written}, {self.saved}]"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Candidates in the order of their ordinals, the scores already paid for, and whether the
    stopping rule ended the stage (no later stage then runs). `left_out` says why samples do not
    count, by their label."""

    candidates: tuple[Candidate, ...]
    scores: tuple[Score, ...] = ()
    stopped: bool = False
    note: str = ""
    failures: tuple[str, ...] = field(default_factory=tuple)
    left_out: Mapping[str, str] = field(default_factory=dict)
    savings: Savings = Savings()


@dataclass(frozen=True, slots=True)
class Strategy(Part, ABC):
    """An algorithm that makes candidates. Its fields are its settings; a run holds its state in
    local values. `least` is the fewest completions with which it brings a candidate, `models` how
    it spreads its calls where several models share the stage: "turns" by their shares, "choice" by
    itself, None where it takes one model only."""

    least: ClassVar[int] = 1
    models: ClassVar[Literal["turns", "choice"] | None] = None

    def most_completions(self, scoring: int) -> int | None:
        """The most completions that it can use, where scoring one candidate inside it takes
        `scoring` of them; None where nothing but its budget bounds it."""
        return None

    def gives_probabilities(self) -> bool:
        """Whether its candidates carry the probabilities of their own tokens."""
        return False

    def styles_used(self) -> tuple[str, ...]:
        """Names of the prompt styles that these settings ask in."""
        styles = getattr(self, "styles", None)
        if styles is not None:
            return tuple(styles)
        style = getattr(self, "style", "")
        return (style,) if style else ()

    @abstractmethod
    def candidates_from(self, completions: int) -> int:
        """How many candidates that need a score at selection so many completions yield."""

    @abstractmethod
    async def run(self, assignment: Assignment) -> Outcome:
        """Spend at most `assignment.completions` and return what was found. Raises CallError
        where nothing could be asked at all."""
