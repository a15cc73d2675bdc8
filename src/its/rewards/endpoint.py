"""A reward model behind an endpoint, asked in the server's own API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.errors import BudgetExhausted, CallError, ConfigurationError, PermanentCallError
from its.models.protocol import Request
from its.problems.problem import Message, Question
from its.prompts import PromptSet
from its.prompts.prompt_set import question_text
from its.rewards.protocol import Reward
from its.rewards.served.adapter import Adapter, Values, scores_in
from its.rewards.served.adapters import ADAPTERS
from its.rewards.served.form import Form, ScoreMapping, known_form, on_unit
from its.rewards.step_aggregation import StepAggregation, aggregate
from its.rewards.steps import steps

Api = Literal[
    "auto",
    "vllm_pooling",
    "vllm_classify",
    "vllm_score",
    "sglang_classify",
    "sglang_v1_classify",
    "tei_predict",
    "tei_rerank",
    "llama_cpp_rerank",
    "llama_cpp_rerank_root",
    "llama_cpp_embeddings",
    "chat_tokens",
]
BILLED_AS = "reward"
"""The strategy under which a run's accounting lists these calls."""


@dataclass(frozen=True, slots=True)
class EndpointReward(Reward):
    """A reward model that vLLM, SGLang, text-embeddings-inference or llama.cpp serves.

    Settings that are left out are those of the model's card where it is well known, else the API's
    usual ones. A reply that is scored counts as a completion; several share a call where the API
    takes them. A number that is missing or not finite, and another number of scores than steps, is
    an abstention of that candidate.
    """

    name = "endpoint"

    base_url: str
    model: str = field(metadata={"key": "name"})
    api: Api = "auto"
    scores: Literal["outcome", "steps"] | None = None
    aggregation: StepAggregation = "last_min"
    most_steps: Annotated[int, Ge(1)] = 32
    mapping: ScoreMapping | None = None
    scale: Annotated[float, Gt(0)] | None = None
    offset: float | None = None
    positive: int | None = None
    system: str | None = None
    template: str | None = None
    step_separator: str | None = None
    step_end: str | None = None
    truncate: bool | None = None
    batch: Annotated[int, Ge(1)] | None = None
    extra_body: dict[str, Any] = field(default_factory=dict)
    api_key_env: str = ""
    key_header: str = "Authorization"
    headers: dict[str, str] = field(default_factory=dict)
    concurrency: Annotated[int, Ge(1)] = 16
    requests_per_minute: Annotated[float, Gt(0)] | None = None
    price: Annotated[float, Ge(0)] | None = None
    timeout: Annotated[float, Gt(0)] = 120.0

    def __post_init__(self) -> None:
        adapter, form = self.adapter, self.form
        if form.scores == "steps" and not adapter.steps:
            able = ", ".join(name for name, each in ADAPTERS.items() if each.steps)
            raise ConfigurationError(
                f"reward endpoint: {adapter.name} gives one score a reply, no step scores: set "
                f"`scores: outcome`, or `api` to one of {able}"
            )

    @property
    def role(self) -> str:
        """What the model is called among those of a run."""
        return f"{BILLED_AS}:{self.model}"

    @property
    def adapter(self) -> Adapter:
        """How it is spoken to. Raises ConfigurationError where nothing says so."""
        known = known_form(self.model)
        name = known.api if self.api == "auto" and known is not None else self.api
        if name not in ADAPTERS:
            raise ConfigurationError(
                f"reward endpoint: no API is known for {self.model!r}: set the reward's `api` to "
                f"one of {', '.join(ADAPTERS)}"
            )
        return ADAPTERS[name]

    @property
    def form(self) -> Form:
        """How it wants its texts, and what its numbers mean."""
        adapter, known = self.adapter, known_form(self.model)
        usual: dict[str, Any] = {
            "scores": "steps" if adapter.steps else "outcome",
            "mapping": "identity" if adapter.probability else "logistic",
        }
        return (known or Form(**usual)).with_(
            scores=self.scores,
            mapping=self.mapping,
            scale=self.scale,
            offset=self.offset,
            positive=self.positive,
            system=self.system,
            template=self.template,
            step_separator=self.step_separator,
            step_end=self.step_end,
            truncate=self.truncate,
            batch=self.batch,
        )

    @property
    def connection(self) -> EndpointReward:
        """All of it that decides how the endpoint is asked, for comparison with another."""
        return replace(self, aggregation="last", most_steps=1)

    def completions(self, candidates: int) -> int:
        a_step = self.adapter.last_step and self.aggregation != "last"
        return candidates * (self.most_steps if a_step else 1)

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        served, adapter, form = door.to(self.role, BILLED_AS), self.adapter, self.form
        message = Message("user", question_text(question))
        solutions = [self._steps(candidate.text, prompts.separator) for candidate in candidates]
        calls: list[_Call] = []
        for place, (candidate, solution) in enumerate(zip(candidates, solutions, strict=True)):
            calls += self._calls(candidate.id, place, solution)
        if adapter.together(form):
            calls = _batches(calls, form.batch)
        answers = await _ask_all(served, message, calls, adapter.completion)
        return [
            self._score(candidate.id, answers.get(place, []), len(solution), form)
            for place, (candidate, solution) in enumerate(zip(candidates, solutions, strict=True))
        ]

    def _steps(self, text: str, separator: str) -> tuple[str, ...]:
        """The steps of a reply; of too many the first ones count as one."""
        if self.form.scores == "outcome":
            return (text.strip(),)
        found = steps(text, separator) or [text.strip()]
        surplus = len(found) - self.most_steps
        if surplus > 0:
            found = [self.form.step_separator.join(found[: surplus + 1]), *found[surplus + 1 :]]
        return tuple(found)

    def _calls(self, candidate: str, place: int, solution: tuple[str, ...]) -> list[_Call]:
        """What scores one candidate: a call, or one for every step whose score is wanted."""
        label = f"reward/{candidate}"
        if not self.adapter.last_step:
            return [_Call(label, (place,), (solution,))]
        first = len(solution) if self.aggregation == "last" else 1
        return [
            _Call(f"{label}/{until}", (place,), (solution[:until],))
            for until in range(first, len(solution) + 1)
        ]

    def _score(
        self, candidate: str, told: list[Values | CallError], count: int, form: Form
    ) -> Score:
        values: Values = []
        for each in told:
            if isinstance(each, CallError):
                return Score(candidate, None, self.name, str(each))
            values += each
        wanted = len(told) if self.adapter.last_step else count
        if len(values) != wanted:
            reason = f"{len(values)} scores came for {wanted} {_things(form)}"
            return Score(candidate, None, self.name, reason)
        finite = [value for value in values if value is not None]
        units = [unit for value in finite if (unit := on_unit(value, form)) is not None]
        if len(finite) < wanted or len(units) < wanted:
            what = "no finite number" if len(finite) < wanted else "no probability"
            fix = "" if len(finite) < wanted else ": set the reward's `mapping: logistic`"
            return Score(candidate, None, self.name, f"a score is {what}{fix}")
        if form.scores == "outcome":
            return Score(candidate, units[0], self.name, f"scored {finite[0]:.4g}")
        value, reason = aggregate(units, self.aggregation), f"{self.aggregation} of {wanted} steps"
        return Score(candidate, value, self.name, reason, {"steps": units})


def _things(form: Form) -> str:
    return (
        "steps: does the server score at every step's end?" if form.scores == "steps" else "reply"
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """The places of the candidates that a call scores, and the steps of each."""

    label: str
    places: tuple[int, ...]
    replies: tuple[tuple[str, ...], ...]

    def singly(self) -> list[_Call]:
        return [
            _Call(f"{self.label}/{number}", (place,), (reply,))
            for number, (place, reply) in enumerate(zip(self.places, self.replies, strict=True))
        ]


def _batches(calls: list[_Call], most: int) -> list[_Call]:
    """Calls put together, at most so many in one, under the label of the first."""
    return [
        _Call(
            part[0].label,
            tuple(place for call in part for place in call.places),
            tuple(reply for call in part for reply in call.replies),
        )
        for part in (calls[i : i + most] for i in range(0, len(calls), most))
    ]


async def _ask_all(
    door: Door, message: Message, calls: Sequence[_Call], completion: int
) -> dict[int, list[Values | CallError]]:
    """What every call brought, by the places of candidates. Replies that are refused together, or
    do not fit the budget together, are sent one by one."""

    async def send(call: _Call) -> list[tuple[int, Values | CallError]]:
        request = Request((message,), completion, temperature=0.0, replies=call.replies)
        try:
            reply = await door.complete(request, call.label)
        except (PermanentCallError, BudgetExhausted) as error:
            if len(call.places) == 1:
                return [(call.places[0], error)]
            parts = await asyncio.gather(*map(send, call.singly()))
            return [answer for part in parts for answer in part]
        except CallError as error:
            return [(place, error) for place in call.places]
        return list(zip(call.places, scores_in(reply.text), strict=True))

    found: dict[int, list[Values | CallError]] = {}
    for answers in await asyncio.gather(*map(send, calls)):
        for place, values in answers:
            found.setdefault(place, []).append(values)
    return found
