"""The most that a run can spend, known before it spends anything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from its.allocation.amounts import Limit, parse_amount
from its.calls.client import Price
from its.models.backends import backend_of
from its.models.known import price_of
from its.models.settings import ModelSettings
from its.parts import Need, Part
from its.pipeline.reward_endpoints import reward_endpoints, settings_of
from its.prompts import PromptSet
from its.rewards.protocol import Reward
from its.usage import Number, Usage

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline, StageBase

DRAFTS_IN_A_PROMPT = 2
"""Most prompts hold at most the question, a draft and its critique, a completion long each."""


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
        over = "per problem" if self.problems is None else f"for {self.problems:,} problem{many}"
        plural = "" if self.completions == 1 else "s"
        completions = f"{self.completions:,} completion{plural}"
        return f"At most {completions}, {self.tokens:,} tokens, {money} {over}."


def ceiling(
    pipeline: Pipeline,
    prompts: Mapping[str, PromptSet],
    questions: Iterable[str] | None,
    baseline: bool,
) -> Ceiling:
    """Bounds from what the parts can use, the budget's limits, the longest prompt text, the
    questions' bytes and the models' contexts where they are known.

    Without `questions` (a stream, or more than one wants to read twice) the bound is per problem,
    its question left out.
    """
    lengths = [len(q.encode("utf-8", "replace")) for q in questions] if questions else [0]
    budget, models = pipeline.budget, [pipeline.model, *pipeline.models.values()]
    models += [pipeline.judge] if pipeline.judge else []
    solving = most_completions(pipeline)
    completion = max(model.max_tokens for model in models)
    template = max(_longest(chosen) for chosen in prompts.values())
    served = map(settings_of, reward_endpoints(pipeline).values())
    found = [price_of(model) for model in (*models, *served)]
    prices = [Price(price.input, price.cached_input, price.output) for price in found]
    parts = _parts(pipeline)
    grows = any(part.shows_all or Need.CONTINUATION in part.needs for part in parts)
    drafts = solving if grows else DRAFTS_IN_A_PROMPT
    tokens, money, greedy_tokens, greedy_money = 0, 0.0, 0, 0.0
    room = _room(models)
    for length in lengths:
        prompt = min(length + template + drafts * completion, room)
        most_expensive = max(_money(price, prompt, completion) for price in prices)
        tokens += _capped(solving * min(prompt + completion, room), budget.tokens)
        money += _capped(solving * most_expensive, budget.usd)
        if baseline:
            greedy_tokens += min(length + template + completion, room)
            greedy_money += max(_money(price, length + template, completion) for price in prices)
    batch = parse_amount(budget.batch) if budget.batch is not None else None
    known = all(price.known for price in prices)
    return Ceiling(
        len(lengths) if questions else None,
        int(_shared(solving * len(lengths), batch, "completions")) + baseline * len(lengths),
        int(_shared(tokens, batch, "tokens")) + greedy_tokens,
        _shared(money, batch, "usd") + greedy_money if known else None,
    )


def most_completions(pipeline: Pipeline) -> int:
    """The most completions of one problem: what its parts can use, within the planned budget."""
    difficulty, budget = pipeline.difficulty.build(), pipeline.budget
    planned = min(difficulty.highest() * budget.per_difficulty, budget.max)
    levels = [pipeline.stages]
    if pipeline.cascade:
        levels += [pipeline.cascade.stages or pipeline.stages] * len(pipeline.cascade.models)
    wanted, drawn = difficulty.completions(), difficulty.candidates()
    for stages in levels:
        of_level = _of_stages(pipeline, stages, drawn)
        if of_level is None:
            return planned
        wanted, drawn = wanted + of_level, 0
    return min(planned, wanted)


def _of_stages(pipeline: Pipeline, stages: Iterable[StageBase], drawn: int) -> int | None:
    """What some stages, and choosing among their candidates and `drawn` earlier ones, can use;
    None where nothing but the budget bounds it."""
    select = pipeline.select
    reward = select.reward.build() if select.reward else None
    used, scored, candidates = 0, drawn, drawn
    for settings in stages:
        strategy = settings.build()
        inside = settings.reward.build() if settings.reward else reward
        most = strategy.most_completions(inside.completions(1) if inside else 0)
        if most is None:
            return None
        used, candidates = used + most, candidates + most
        scored += strategy.candidates_from(most)
    checks = pipeline.verify.attempts if pipeline.verify else 0
    choosing = select.build().completions(candidates) * (1 + checks)
    return used + _scoring(reward, scored) + choosing + checks


def _scoring(reward: Reward | None, candidates: int) -> int:
    return reward.completions(candidates) if reward else 0


def _parts(pipeline: Pipeline) -> list[Part]:
    """The strategies, rewards and the selection that the pipeline uses."""
    stages = [*pipeline.stages, *(pipeline.cascade.stages if pipeline.cascade else ())]
    rewards = [pipeline.select.reward, *(stage.reward for stage in stages)]
    return [
        pipeline.select.build(),
        *(stage.build() for stage in stages),
        *(reward.build() for reward in rewards if reward is not None),
    ]


def _room(models: Iterable[ModelSettings]) -> int:
    """The most tokens that one call can read and write; no bound where a model does not say."""
    contexts = [backend_of(settings).context(settings) for settings in models]
    return max(sys.maxsize if context is None else context for context in contexts)


def _longest(prompts: PromptSet) -> int:
    """Bytes of the longest prompt of a set, before anything is filled in."""
    return max(
        sum(len(turn.content.encode()) for turn in turns) for turns in prompts.prompts.values()
    )


def _money(price: Price, prompt: int, completion: int) -> float:
    """What one call of so many tokens costs; 0 where the price is unknown."""
    return price.of(Usage(prompt_tokens=prompt, completion_tokens=completion)) or 0.0


def _capped(amount: Number, cap: Number | None) -> Number:
    return amount if cap is None else min(amount, cap)


def _shared(amount: float, batch: Limit | None, unit: str) -> float:
    """The amount within one budget for the whole batch, where that is of this unit."""
    return amount if batch is None or batch.unit != unit else min(amount, batch.value)
