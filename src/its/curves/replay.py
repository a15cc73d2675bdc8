"""Strategies replayed on recorded samples: how many each draws, and what it then answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from its.allocation.batch import BatchPolicy, Standing
from its.allocation.short import short_m_at_k
from its.allocation.stopping import ConfidenceConsistency, StoppingRule
from its.curves.records import Record
from its.estimators import majority


@dataclass(frozen=True, slots=True)
class Replay:
    """What one problem would have cost and given.

    `rounds` are the numbers of samples that were under way together, one after the other.
    `completion_tokens` and `sequential_tokens` are given where samples were cut short, so that
    their own lengths do not tell.
    """

    correct: bool
    rounds: tuple[int, ...]
    completion_tokens: int | None = None
    sequential_tokens: int | None = None

    @property
    def samples(self) -> int:
        return sum(self.rounds)


def replay_vote(record: Record, n: int) -> Replay:
    """Self-consistency over the first n samples."""
    n = min(n, len(record))
    return Replay(vote_is_correct(record, n), (n,))


def replay_weighted_vote(record: Record, n: int) -> Replay:
    """A vote over the first n, weighted by recorded scores; unscored ones weigh the mean."""
    n = min(n, len(record))
    known = [score for score in record.scores[:n] if score is not None]
    mean = math.fsum(known) / len(known) if known else 1.0
    weights: dict[int, float] = {}
    for number, score in zip(record.classes[:n], record.scores[:n], strict=True):
        if number is not None:
            weights[number] = weights.get(number, 0.0) + (mean if score is None else score)
    if not weights:
        return Replay(False, (n,))
    winner = max(weights, key=lambda number: weights[number])
    return Replay(record.correct[record.classes.index(winner)], (n,))


def replay_best_of_n(record: Record, n: int) -> Replay:
    """The first n samples' best scored one."""
    n = min(n, len(record))
    scored = [
        (score, -i)
        for i, score in enumerate(record.scores[:n])
        if score is not None and record.classes[i] is not None
    ]
    return Replay(record.correct[-max(scored)[1]] if scored else False, (n,))


def replay_stop(record: Record, rule: StoppingRule, most: int) -> Replay:
    """Self-consistency that a stopping rule ends, after `most` samples at the latest."""
    most = min(most, len(record))
    rounds: list[int] = []
    drawn = 0
    while drawn < most and (further := rule.further_samples(record.classes[:drawn])) > 0:
        rounds.append(min(further, most - drawn))
        drawn += rounds[-1]
    return Replay(vote_is_correct(record, drawn), tuple(rounds))


def replay_confidence(record: Record, n: int) -> Replay:
    """Adaptive consistency in which a sample counts as its recorded score, and so in the vote."""
    n = min(n, len(record))
    rule = ConfidenceConsistency(maximum=n)
    rounds: list[int] = []
    drawn = 0
    while further := rule.further_samples(record.classes[:drawn], record.scores[:drawn]):
        rounds.append(further)
        drawn += further
    return Replay(replay_weighted_vote(record, drawn).correct, tuple(rounds))


def replay_short(record: Record, n: int) -> Replay:
    """Short-3@n: n samples together, and a vote among the three that end first."""
    n = min(n, len(record))
    lengths = [count or 0 for count in record.tokens[:n]]
    chosen = short_m_at_k(lengths, min(3, n))
    winner = majority([record.classes[i] for i in chosen.kept])
    correct = winner is not None and record.correct[chosen.kept[winner]]
    return Replay(correct, (n,), chosen.tokens, chosen.sequential_tokens)


def replay_batch(
    records: Sequence[Record], policy: BatchPolicy, budgets: Sequence[int]
) -> list[list[Replay]]:
    """One budget for all records, in completions; a list of replays for each of the budgets,
    which must rise: the larger ones go on where the smaller ended."""
    rounds: list[list[int]] = [[] for _ in records]
    drawn = [0] * len(records)
    results = []
    for budget in budgets:
        while True:
            standings = [_standing(r, n) for r, n in zip(records, drawn, strict=True)]
            grants = policy.grants(standings, budget - sum(drawn))
            if not any(grants):
                break
            for i, grant in enumerate(grants):
                if grant:
                    rounds[i].append(grant)
                    drawn[i] += grant
        results.append(
            [
                Replay(vote_is_correct(record, n), tuple(of_record))
                for record, n, of_record in zip(records, drawn, rounds, strict=True)
            ]
        )
    return results


def vote_is_correct(record: Record, n: int) -> bool:
    """Whether the plain vote over the first n samples is right."""
    winner = majority(record.classes[:n])
    return winner is not None and record.correct[winner]


def _standing(record: Record, drawn: int) -> Standing:
    votes = Counter(number for number in record.classes[:drawn] if number is not None)
    tokens = [count for count in record.tokens[:drawn] if count is not None]
    return Standing(
        votes=tuple(float(count) for count in votes.values()),
        abstained=drawn - votes.total(),
        effort=math.fsum(tokens) / len(tokens) if tokens else None,
        left=len(record) - drawn,
    )
