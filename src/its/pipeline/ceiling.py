"""The most that a run can spend, known before it spends anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from its.calls.client import Price
from its.prompts import PromptSet
from its.usage import Number, Usage

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

DRAFTS_IN_A_PROMPT = 2
"""Most prompts hold at most the question, a draft and its critique, a completion long each."""

SHOWS_MANY = frozenset(
    {
        "debate",
        "generalist",
        "mixture_of_agents",
        "parallel_distil_refine",
        "plan_search",
        "recursive_self_aggregation",
        "universal",
    }
)
"""Parts whose prompts may hold every candidate at once."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Upper bounds over so many problems (None: a stream, then the figures are one problem's).

    `usd` is None where a price is unknown.
    """

    problems: int | None
    completions: int
    tokens: int
    usd: float | None

    def in_words(self) -> str:
        money = "price unknown" if self.usd is None else f"{self.usd:,.4g} USD"
        many = "" if self.problems == 1 else "s"
        over = "a problem" if self.problems is None else f"for {self.problems:,} problem{many}"
        return f"At most {self.completions:,} completions, {self.tokens:,} tokens, {money} {over}."


def ceiling(
    pipeline: Pipeline,
    prompts: Mapping[str, PromptSet],
    questions: Iterable[str] | None,
    baseline: bool,
) -> Ceiling:
    """Bounds from the budget's limits, the longest prompt text and the questions' bytes.

    Without `questions` (a stream, or more than one wants to read twice) the bound is a problem's,
    its question left out.
    """
    lengths = [len(q.encode("utf-8", "replace")) for q in questions] if questions else [0]
    budget, models = pipeline.budget, [pipeline.model, *pipeline.models.values()]
    models += [pipeline.judge] if pipeline.judge else []
    completions = budget.max + int(baseline)
    completion = max(model.max_tokens for model in models)
    template = max(_longest(chosen) for chosen in prompts.values())
    dearest = [Price(m.price.input, m.price.cached_input, m.price.output) for m in models]
    drafts = budget.max if _parts(pipeline) & SHOWS_MANY else DRAFTS_IN_A_PROMPT
    tokens, money = 0, 0.0
    for length in lengths:
        prompt = length + template + drafts * completion
        tokens += _capped(completions * (prompt + completion), budget.tokens)
        worst = Usage(
            prompt_tokens=completions * prompt, completion_tokens=completions * completion
        )
        money += _capped(max((price.of(worst) or 0.0) for price in dearest), budget.usd)
    known = all(price.known for price in dearest)
    return Ceiling(
        len(lengths) if questions else None,
        completions * len(lengths),
        tokens,
        money if known else None,
    )


def _parts(pipeline: Pipeline) -> set[str]:
    """Names of the strategies, rewards and the selection that the pipeline uses."""
    rewards = [pipeline.select.reward, *(stage.reward for stage in pipeline.stages)]
    return {
        pipeline.select.method,
        *(stage.strategy for stage in pipeline.stages),
        *(reward.method for reward in rewards if reward is not None),
    }


def _longest(prompts: PromptSet) -> int:
    """Bytes of the longest prompt of a set, before anything is filled in."""
    return max(
        sum(len(turn.content.encode()) for turn in turns) for turns in prompts.prompts.values()
    )


def _capped(amount: Number, cap: Number | None) -> Number:
    return amount if cap is None else min(amount, cap)
