"""Policies that `its tune` chooses among, and what each would have done on recorded samples.

A policy draws `probe` samples of every problem; how far they agree says how hard it is. They are
charged, and vote like all others. Then every stage whose level the difficulty reaches draws its
samples, ended by the stopping rule. This is word for word what a pipeline of that shape does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from its.allocation.difficulty import ProbeDifficulty
from its.allocation.stopping import (
    AdaptiveConsistency,
    DiminishingReturns,
    StoppingRule,
    UnanimousWindow,
)
from its.curves.records import SampleRecord
from its.curves.replay import Replay, replay_stop, replay_vote

LEVELS = range(1, 11)
RULES: dict[str, StoppingRule] = {
    "adaptive_consistency": AdaptiveConsistency(maximum=1000),
    "unanimous_window": UnanimousWindow(maximum=1000),
    "unanimous_window_of_3": UnanimousWindow(window=3, maximum=1000),
    "diminishing_returns": DiminishingReturns(maximum=1000),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """`stages` holds (difficulty from which it runs, samples); without a probe the difficulty is
    1. `rule` is "none", or names the rule that ends the one stage there is."""

    probe: int
    stages: tuple[tuple[int, int], ...]
    rule: str = "none"

    def samples(self, difficulty: int) -> int:
        """The most that a problem of this difficulty may draw."""
        return self.probe + sum(n for level, n in self.stages if difficulty >= level)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy gave, by problem: the chance to be right, and completions spent."""

    right: tuple[float, ...]
    spent: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        return math.fsum(self.right) / len(self.right)

    @property
    def cost(self) -> float:
        return math.fsum(self.spent) / len(self.spent)

    def of(self, places: Sequence[int]) -> Trial:
        """The trial on some of the problems."""
        return Trial(tuple(self.right[i] for i in places), tuple(self.spent[i] for i in places))


def try_policy(policy: Policy, drawn: Sequence[Sequence[SampleRecord]]) -> Trial:
    """The policy replayed; `drawn` holds the same problems with their samples in several orders."""
    right, spent = [], []
    for orders in zip(*drawn, strict=True):
        outcomes = [replay_policy(policy, record) for record in orders]
        right.append(math.fsum(outcome.correct for outcome in outcomes) / len(outcomes))
        spent.append(math.fsum(outcome.samples for outcome in outcomes) / len(outcomes))
    return Trial(tuple(right), tuple(spent))


def replay_policy(policy: Policy, record: SampleRecord) -> Replay:
    most = policy.samples(difficulty_of(record, policy.probe))
    used = min(policy.probe, len(record))
    rounds = [used] if used else []
    if policy.rule == "none":
        rounds.append(min(most, len(record)) - used)
    else:
        rest = record.since(used)
        rounds += replay_stop(rest, RULES[policy.rule], most - used).rounds
    return replace(replay_vote(record, sum(rounds)), rounds=tuple(n for n in rounds if n))


def difficulty_of(record: SampleRecord, probe: int) -> int:
    """What the first `probe` samples say of a problem's difficulty, 1 to 10."""
    if probe == 0:
        return 1
    return ProbeDifficulty(max(2, probe)).judge(record.classes[:probe]).value


def vote_trial(drawn: Sequence[Sequence[SampleRecord]], completions: float) -> Trial:
    """Plain self-consistency at a mean number of completions, between its two whole neighbours."""
    low = max(1, math.floor(completions))
    share = max(0.0, completions - low)
    fewer, more = (try_policy(Policy(0, ((1, n),)), drawn) for n in (low, low + 1))
    return Trial(
        tuple((1 - share) * a + share * b for a, b in zip(fewer.right, more.right, strict=True)),
        tuple((1 - share) * a + share * b for a, b in zip(fewer.spent, more.spent, strict=True)),
    )
