"""A door in memory: completions from a script, arrivals in any order, everything counted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from its.allocation.cutting import CuttingRule
from its.allocation.stopping import StoppingRule
from its.calls.protocol import Door
from its.candidates import Answer, Candidate, Score
from its.errors import BudgetExhausted, CallError
from its.models.protocol import Capabilities, Completion, Reply, Request
from its.models.watching import Watches, look_at_whole
from its.problems.problem import Message, Question
from its.prompts import load_prompt_set
from its.strategies.protocol import Assignment, Scorer
from its.usage import Usage

PROMPTS = load_prompt_set("general")

Script = Callable[[Request, str], str | Completion | CallError]


class ScriptedDoor:
    """Answers a request and label by `script`.

    `budget` caps completions; `shuffle` seeds the order in which calls under way arrive. A call
    counts as soon as it is asked. `sent` holds (label, request) in the order asked. Labels in
    `never` do not arrive.
    """

    def __init__(
        self,
        script: Script,
        *,
        budget: int | None = None,
        shuffle: int | None = None,
        capabilities: Capabilities | None = None,
    ) -> None:
        self.script = script
        self.budget = budget
        self.capabilities = capabilities or Capabilities(n=True, continues="trailing")
        self.sent: list[tuple[str, Request]] = []
        self.batches: list[list[str]] = []
        self.cancelled: list[str] = []
        self.never: set[str] = set()
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        self.most_in_flight = 0
        self._in_flight = 0
        self._random = None if shuffle is None else random.Random(shuffle)

    @property
    def remaining(self) -> int | None:
        return None if self.budget is None else self.budget - len(self.sent)

    @property
    def labels(self) -> list[str]:
        return [label for label, _ in self.sent]

    def request(
        self,
        messages: Sequence[Message],
        *,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        logprobs: int | None = None,
        continues: str = "",
        json_schema: Mapping[str, Any] | None = None,
        scored: str = "",
    ) -> Request:
        return Request(
            tuple(messages),
            max_tokens=100 if max_tokens is None else max_tokens,
            temperature=0.8 if temperature is None else temperature,
            top_p=1.0 if top_p is None else top_p,
            stop=tuple(stop),
            logprobs=logprobs,
            continues=continues,
            json_schema=json_schema,
            scored=scored,
        )

    async def complete(self, request: Request, label: str) -> Completion:
        if self.budget is not None and len(self.sent) >= self.budget:
            raise BudgetExhausted(f"no completion left for {label}")
        assert (label, request) not in self.sent, f"{label} was asked twice"
        self.sent.append((label, request))
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            if label in self.never:
                await asyncio.Event().wait()
            for _ in range(self._random.randrange(12) if self._random else 1):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled.append(label)
            raise
        finally:
            self._in_flight -= 1
        reply = self.script(request, label)
        if isinstance(reply, CallError):
            raise reply
        return Completion(reply, "end") if isinstance(reply, str) else reply

    def to(self, model: str, strategy: str | None = None) -> ScriptedDoor:
        """This door: there is no other model."""
        return self

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        self.batches.append(list(labels))
        replies = await asyncio.gather(
            *(self.complete(request, label) for label in labels), return_exceptions=True
        )
        for reply in replies:
            if isinstance(reply, BaseException) and not isinstance(reply, CallError):
                raise reply
        if watches is not None:
            replies = [
                look_at_whole(Reply((reply,), Usage()), [watches[label]()]).completions[0]
                if isinstance(reply, Completion) and not reply.cut
                else reply
                for label, reply in zip(labels, replies, strict=True)
            ]
        return [reply for reply in replies if isinstance(reply, Completion | CallError)]

    def note(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))


def read(text: str) -> Answer | None:
    """The answer after the last "Answer:", else None."""
    _, found, answer = text.rpartition("Answer:")
    return Answer(answer.strip(), "text") if found and answer.strip() else None


def same(a: Answer, b: Answer) -> bool:
    return a.text == b.text


def assignment(
    door: Door,
    *,
    completions: int = 1_000,
    scorer: Scorer | None = None,
    stop: StoppingRule | None = None,
    lookahead: int = 0,
    seed: int = 0,
    earlier: tuple[Candidate, ...] = (),
    cuts: tuple[CuttingRule, ...] = (),
) -> Assignment:
    return Assignment(
        question=Question("What is it?"),
        door=door,
        prompts=PROMPTS,
        read=read,
        same=same,
        completions=completions,
        seed=seed,
        scorer=scorer,
        stop=stop,
        lookahead=lookahead,
        earlier=earlier,
        stage="stage",
        cuts=cuts,
    )


class FreeScorer:
    """Scores by a function, without any call. `seen` holds every candidate scored."""

    def __init__(self, value: Callable[[Candidate], float | None]) -> None:
        self.value = value
        self.seen: list[Candidate] = []

    def completions(self, candidates: int) -> int:
        return 0

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]:
        self.seen += candidates
        return [Score(candidate.id, self.value(candidate), "toy") for candidate in candidates]


class AskingScorer(FreeScorer):
    """The same at the price of `price` completions of the door for every candidate."""

    def __init__(
        self, value: Callable[[Candidate], float | None], door: ScriptedDoor, price: int = 1
    ) -> None:
        super().__init__(value)
        self.door = door
        self.price = price

    def completions(self, candidates: int) -> int:
        return self.price * candidates

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]:
        return [await self._score(candidate) for candidate in candidates]

    async def _score(self, candidate: Candidate) -> Score:
        request = self.door.request([Message("user", candidate.text)])
        try:
            for number in range(self.price):
                await self.door.complete(request, f"{candidate.id}/score/{number}")
        except CallError:
            return Score(candidate.id, None, "toy")
        (score,) = await super().__call__([candidate])
        return score
