"""A model as a run uses it: with its sampling, its price, its limits and its retries."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from its.calls.budget import Amount
from its.calls.limits import Slots
from its.calls.protocol import CircuitBreaker, RateLimit
from its.calls.retries import RetryPolicy
from its.models.protocol import Capabilities, Model
from its.usage import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; None where unknown. Cached input defaults to input."""

    input: float | None = None
    cached_input: float | None = None
    output: float | None = None

    @property
    def known(self) -> bool:
        return self.input is not None and self.output is not None

    def of(self, usage: Usage) -> float | None:
        """The money that so many tokens cost; None where the price or the count is unknown."""
        if self.input is None or self.output is None:
            return None
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return None
        cached = usage.cached_tokens or 0
        cached_price = self.input if self.cached_input is None else self.cached_input
        fresh = usage.prompt_tokens - cached
        return (
            fresh * self.input + cached * cached_price + usage.completion_tokens * self.output
        ) / MILLION


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a request uses where a strategy says nothing else."""

    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 1024


@dataclass(slots=True)
class ModelClient:
    """One model, shared by every problem of a run. `random` feeds the jitter of retries only."""

    model: Model
    sampling: Sampling
    price: Price
    slots: Slots
    requests_per_minute: RateLimit
    tokens_per_minute: RateLimit
    retries: RetryPolicy
    circuit: CircuitBreaker
    capabilities: Capabilities = field(default_factory=Capabilities)
    random: Random = field(default_factory=Random)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def rated(self) -> bool:
        """Whether any rate a minute limits it."""
        return self.requests_per_minute.limited or self.tokens_per_minute.limited

    def bound(self, prompt_bound: int, max_tokens: int, n: int) -> Amount:
        """The most that a call for n completions can cost."""
        completion = n * max_tokens
        if not self.price.known:
            return Amount(n, prompt_bound + completion)
        worst = Usage(prompt_tokens=prompt_bound, completion_tokens=completion)
        return Amount(n, prompt_bound + completion, self.price.of(worst) or 0.0)
