"""What work cost: the one shape in which calls, tokens and money are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts that add up. None means unknown, and unknown plus anything is unknown.

    `completions` counts delivered answers (a call with n = 4 delivers four); `estimated_tokens`
    is the part of prompt and completion tokens that the endpoint did not report itself;
    `usd` is None where a price is unknown, `flops` where the model's size is; `seconds` is the
    time spent waiting for the model, summed over calls.
    """

    calls: int = 0
    completions: int = 0
    prompt_tokens: int | None = 0
    cached_tokens: int | None = 0
    completion_tokens: int | None = 0
    reasoning_tokens: int | None = 0
    usd: float | None = 0.0
    flops: float | None = 0.0
    seconds: float = 0.0
    estimated_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.completions + other.completions,
            _plus(self.prompt_tokens, other.prompt_tokens),
            _plus(self.cached_tokens, other.cached_tokens),
            _plus(self.completion_tokens, other.completion_tokens),
            _plus(self.reasoning_tokens, other.reasoning_tokens),
            _plus(self.usd, other.usd),
            _plus(self.flops, other.flops),
            self.seconds + other.seconds,
            self.estimated_tokens + other.estimated_tokens,
        )

    @property
    def tokens(self) -> int | None:
        """Prompt and completion tokens together."""
        return _plus(self.prompt_tokens, self.completion_tokens)

    def paid(self, completions: int, usd: float | None) -> Usage:
        """The usage of one call that delivered so many completions, with the money it cost."""
        return Usage(
            1,
            completions,
            self.prompt_tokens,
            self.cached_tokens,
            self.completion_tokens,
            self.reasoning_tokens,
            usd,
            self.flops,
            self.seconds,
            self.estimated_tokens,
        )

    def as_dict(self) -> dict[str, int | float | None]:
        return dict(zip(self.__slots__, _values(self), strict=True))


_values = attrgetter(*Usage.__slots__)


class UsageSum:
    """A sum that grows: adding to it costs a fifth of adding two usages."""

    __slots__ = (
        "_cached", "_calls", "_completion", "_completions", "_estimated", "_flops", "_prompt",
        "_reasoning", "_seconds", "_usd",
    )  # fmt: skip

    def __init__(self) -> None:
        self._calls = self._completions = self._estimated = 0
        self._prompt: int | None = 0
        self._cached: int | None = 0
        self._completion: int | None = 0
        self._reasoning: int | None = 0
        self._usd: float | None = 0.0
        self._flops: float | None = 0.0
        self._seconds = 0.0

    def add(self, usage: Usage) -> None:
        self._calls += usage.calls
        self._completions += usage.completions
        self._prompt = _plus(self._prompt, usage.prompt_tokens)
        self._cached = _plus(self._cached, usage.cached_tokens)
        self._completion = _plus(self._completion, usage.completion_tokens)
        self._reasoning = _plus(self._reasoning, usage.reasoning_tokens)
        self._usd = _plus(self._usd, usage.usd)
        self._flops = _plus(self._flops, usage.flops)
        self._seconds += usage.seconds
        self._estimated += usage.estimated_tokens

    @property
    def usage(self) -> Usage:
        return Usage(
            self._calls,
            self._completions,
            self._prompt,
            self._cached,
            self._completion,
            self._reasoning,
            self._usd,
            self._flops,
            self._seconds,
            self._estimated,
        )


def total(usages: Iterable[Usage]) -> Usage:
    """Sum of many usages (zero for none)."""
    result = UsageSum()
    for usage in usages:
        result.add(usage)
    return result.usage


def _plus(a: Number | None, b: Number | None) -> Number | None:
    return None if a is None or b is None else a + b
