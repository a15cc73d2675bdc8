"""Votes over classes of equivalent answers: pure functions of candidates, classes and scores.

Throughout, `classes` holds a class number for every candidate (equal numbers are equivalent
answers; None abstains and never counts), and `scores` a value in [0, 1] or None for every
candidate. Ties go to the higher total reward, then to the answer that occurred first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from its.candidates import Candidate, Selection
from its.selection.confidence import share_confidence


def vote(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None] | None = None,
) -> Selection:
    """Self-consistency: the answer that most candidates agree on. Scores only break ties."""
    scores = [None] * len(candidates) if scores is None else scores
    ranking = ranked(candidates, classes, scores, [c.weight for c in candidates])
    return _selection(ranking, candidates, "agree on", "with")


def weighted_vote(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None],
) -> Selection:
    """The answer whose candidates have the highest sum of scores (arXiv:2408.03314).

    A candidate without a score weighs the mean of those that have one. Where no candidate scored
    above zero, it is a plain vote.
    """
    filled = filled_scores(scores)
    if not any(filled):
        return vote(candidates, classes, scores)
    weights = [c.weight * value for c, value in zip(candidates, filled, strict=True)]
    ranking = ranked(candidates, classes, scores, weights)
    return _selection(ranking, candidates, "weigh most, for", "with")


def best_by_reward(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None],
) -> Selection:
    """Best-of-n: the candidate of the highest score; among equals the class of the higher total
    reward, then the earliest. Without any score it is a plain vote."""
    return norm_vote(candidates, classes, scores, agreement=0.0)


def norm_vote(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None],
    agreement: float,
) -> Selection:
    """Between best-of-n (`agreement` 0) and the weighted vote (1): a class weighs the p-norm of
    its candidates' scores, p = 1 / agreement. A class of m equal scores s weighs s * m**agreement.
    """
    filled = filled_scores(scores)
    if not any(filled):
        return vote(candidates, classes, scores)
    norms: dict[int, float] = {}
    for number in {number for number in classes if number is not None}:
        members = [
            (c.weight, value)
            for c, value, other in zip(candidates, filled, classes, strict=True)
            if other == number
        ]
        norms[number] = _norm(members, agreement)
    ranking = ranked(candidates, classes, scores, [0.0] * len(candidates), norms)
    how = "hold the best score, for" if agreement == 0 else "weigh most, for"
    return _selection(ranking, candidates, how, "with")


def cisc(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None],
    temperature: float,
) -> Selection:
    """Confidence-informed self-consistency (arXiv:2502.06233): a vote weighted by
    softmax(score / temperature) over the candidates that have an answer. A large temperature is a
    plain vote."""
    filled = filled_scores(scores)
    voting = [value for value, number in zip(filled, classes, strict=True) if number is not None]
    top = max(voting, default=0.0)
    weights = [
        candidate.weight * math.exp((value - top) / temperature)
        for candidate, value in zip(candidates, filled, strict=True)
    ]
    ranking = ranked(candidates, classes, scores, weights)
    return _selection(ranking, candidates, "weigh most, for", "with")


@dataclass(frozen=True, slots=True)
class AnswerClass:
    """Equivalent answers: which candidates hold them (by position), their weight in the vote,
    their total reward, and the position of the one that speaks for them."""

    members: tuple[int, ...]
    weight: float
    reward: float
    speaker: int


def ranked(
    candidates: Sequence[Candidate],
    classes: Sequence[int | None],
    scores: Sequence[float | None],
    weights: Sequence[float],
    class_weights: dict[int, float] | None = None,
) -> list[AnswerClass]:
    """Classes, best first: heaviest, then of higher total reward, then of earliest occurrence.

    A class weighs the sum of its candidates' `weights`, or what `class_weights` says. The
    candidate that speaks for it is its best scored one, of those the earliest.
    """
    members: dict[int, list[int]] = {}
    for position, number in enumerate(classes):
        if number is not None:
            members.setdefault(number, []).append(position)
    found = []
    for number, positions in members.items():
        weight = math.fsum(weights[i] for i in positions)
        found.append(
            AnswerClass(
                tuple(positions),
                weight if class_weights is None else class_weights[number],
                math.fsum(candidates[i].weight * (scores[i] or 0.0) for i in positions),
                max(positions, key=lambda i: (_or_less(scores[i]), -i)),
            )
        )
    return sorted(found, key=lambda c: (-_rounded(c.weight), -_rounded(c.reward), c.members[0]))


def confidence(ranking: Sequence[AnswerClass], candidates: Sequence[Candidate]) -> float:
    """How sure the first of the ranked classes is, from 0 to 1."""
    weighing = math.fsum(c.weight for c in ranking)
    share = ranking[0].weight / weighing if weighing > 0 else 1 / len(ranking)
    voting = math.fsum(candidates[i].weight for c in ranking for i in c.members)
    return share_confidence(share, voting, math.fsum(c.weight for c in candidates))


def filled_scores(scores: Sequence[float | None]) -> list[float]:
    """Scores with the mean of the known ones where one is missing (0 where none is known)."""
    known = [value for value in scores if value is not None]
    mean = math.fsum(known) / len(known) if known else 0.0
    return [mean if value is None else value for value in scores]


def shown(candidate: Candidate, width: int = 60) -> str:
    """A candidate's answer on one line, for a reason or a tally."""
    text = " ".join((candidate.answer.text if candidate.answer else candidate.text).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _selection(
    ranking: Sequence[AnswerClass], candidates: Sequence[Candidate], verb: str, joint: str
) -> Selection:
    if not ranking:
        return Selection(None, None, "every candidate abstained: none has an answer")
    first = ranking[0]
    tally = tuple((shown(candidates[c.speaker]), c.weight) for c in ranking)
    reason = (
        f"{len(first.members)} of {len(candidates)} candidates {verb} {tally[0][0]}"
        f" ({joint} a weight of {first.weight:.4g}{_runner_up(ranking, tally)})"
    )
    return Selection(candidates[first.speaker], confidence(ranking, candidates), reason, tally)


def _runner_up(ranking: Sequence[AnswerClass], tally: Sequence[tuple[str, float]]) -> str:
    if len(ranking) < 2:
        return ", no other answer"
    first, second = ranking[:2]
    if _rounded(first.weight) > _rounded(second.weight):
        return f", next {tally[1][0]} with {second.weight:.4g}"
    if _rounded(first.reward) > _rounded(second.reward):
        return f", a tie with {tally[1][0]}, broken by the higher total reward"
    return f", a tie with {tally[1][0]}, which came later"


def _norm(members: Sequence[tuple[float, float]], agreement: float) -> float:
    top = max(value for _, value in members)
    if top <= 0 or agreement == 0:
        return top
    terms = math.fsum(w * (value / top) ** (1 / agreement) for w, value in members)
    return float(top * terms**agreement)


def _or_less(value: float | None) -> float:
    return -1.0 if value is None else value


def _rounded(value: float) -> float:
    """Sums that differ only by the order of adding up are equal."""
    return float(f"{value:.12g}")
