"""Strategies replayed on recorded samples: how many each draws, and what it then answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from its.allocation.batch import BatchPolicy, DrawState, tie_of
from its.allocation.short import short_m_at_k
from its.allocation.stopping import ConfidenceConsistency, StoppingRule
from its.curves.records import SampleRecord
from its.estimators import majority
from its.problems.problem import Problem, Question
from its.selection.ranking import (
    AnswerClass,
    by_norm,
    by_weighted_votes,
    confidence,
    guard_of,
    share_confidence,
)


@dataclass(frozen=True, slots=True)
class Replay:
    """What one problem would have cost and given.

    `rounds` are the numbers of samples that were in flight together, one after the other;
    `confidence` is what selection says of its answer, None where there is none.
    `completion_tokens` and `sequential_tokens` are given where samples were cut short, so that
    their own lengths do not say.
    """

    correct: bool
    rounds: tuple[int, ...]
    confidence: float | None = None
    completion_tokens: int | None = None
    sequential_tokens: int | None = None

    @property
    def samples(self) -> int:
        return sum(self.rounds)


def replay_vote(record: SampleRecord, n: int) -> Replay:
    """Self-consistency over the first n samples."""
    n = min(n, len(record))
    classes = record.voting(n)
    winner = majority(classes)
    if winner is None:
        return Replay(False, (n,))
    agreeing, votes = classes.count(classes[winner]), n - classes.count(None)
    return Replay(record.correct[winner], (n,), share_confidence(agreeing / votes, votes))


def replay_weighted_vote(record: SampleRecord, n: int) -> Replay:
    """A vote over the first n, weighted by recorded scores; unscored ones weigh the mean."""
    n = min(n, len(record))
    return _chosen(record, n, by_weighted_votes(record.voting(n), record.scores[:n]))


def replay_best_of_n(record: SampleRecord, n: int) -> Replay:
    """The best scored of the first n samples, with the guard that selection has by default."""
    n = min(n, len(record))
    classes = record.voting(n)
    guard = guard_of(sum(number is not None for number in classes))
    return _chosen(record, n, by_norm(classes, record.scores[:n], agreement=guard))


def replay_stop(record: SampleRecord, rule: StoppingRule, most: int) -> Replay:
    """Self-consistency that a stopping rule ends, after `most` samples at the latest."""
    most = min(most, len(record))
    rounds: list[int] = []
    drawn = 0
    while drawn < most and (further := rule.further_samples(record.stated(drawn), most - drawn)):
        rounds.append(min(further, most - drawn))
        drawn += rounds[-1]
    return replace(replay_vote(record, drawn), rounds=tuple(rounds))


def replay_confidence(record: SampleRecord, n: int) -> Replay:
    """Adaptive consistency in which a sample counts as its recorded score, and so in the vote."""
    n = min(n, len(record))
    rule = ConfidenceConsistency(maximum=n)
    rounds: list[int] = []
    drawn = 0
    while further := rule.further_samples(record.stated(drawn), n - drawn, record.scores[:drawn]):
        rounds.append(further)
        drawn += further
    return replace(replay_weighted_vote(record, drawn), rounds=tuple(rounds))


def replay_short(record: SampleRecord, n: int) -> Replay:
    """Short-3@n: n samples together, and a vote among the three that end first."""
    n = min(n, len(record))
    lengths = [count or 0 for count in record.tokens[:n]]
    chosen = short_m_at_k(lengths, min(3, n))
    of_kept = replay_vote(record.only(chosen.kept), len(chosen.kept))
    return Replay(
        of_kept.correct, (n,), of_kept.confidence, chosen.tokens, chosen.sequential_tokens
    )


def replay_batch(
    records: Sequence[SampleRecord], policy: BatchPolicy, budgets: Sequence[int]
) -> list[list[Replay]]:
    """One budget for all records, in completions; a list of replays for each of the budgets,
    which must rise: the larger ones go on where the smaller ended."""
    rounds: list[list[int]] = [[] for _ in records]
    drawn = [0] * len(records)
    ties = [_tie(record) for record in records]
    results = []
    for budget in budgets:
        while True:
            states = [_state(r, n, tie) for r, n, tie in zip(records, drawn, ties, strict=True)]
            grants = policy.grants(states, budget - sum(drawn))
            if not any(grants):
                break
            for i, grant in enumerate(grants):
                if grant:
                    rounds[i].append(grant)
                    drawn[i] += grant
        results.append(
            [
                replace(replay_vote(record, n), rounds=tuple(of_record))
                for record, n, of_record in zip(records, drawn, rounds, strict=True)
            ]
        )
    return results


def vote_is_correct(record: SampleRecord, n: int) -> bool:
    """Whether the plain vote over the first n samples is right."""
    winner = majority(record.voting(n))
    return winner is not None and record.correct[winner]


def _chosen(record: SampleRecord, n: int, ranking: Sequence[AnswerClass]) -> Replay:
    """The first of the ranked classes, of n samples drawn together."""
    if not ranking:
        return Replay(False, (n,))
    return Replay(record.correct[ranking[0].representative], (n,), confidence(ranking))


def _state(record: SampleRecord, drawn: int, tie: int) -> DrawState:
    votes = Counter(number for number in record.voting(drawn) if number is not None)
    tokens = [count for count in record.tokens[:drawn] if count is not None]
    return DrawState(
        votes=tuple(float(count) for count in votes.values()),
        abstained=drawn - votes.total(),
        effort=math.fsum(tokens) / len(tokens) if tokens else None,
        left=len(record) - drawn,
        tie=tie,
    )


def _tie(record: SampleRecord) -> int:
    """As a run of these problems breaks ties."""
    return tie_of(Problem(record.id, 0, Question(record.question)).key)
