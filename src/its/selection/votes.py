"""Votes over candidates: a selection, with its confidence, tally and reason.

`classes` and `scores` are as in `its.selection.ranking`. Ties go to the higher total reward, then
to the answer that occurred first.
"""

from __future__ import annotations

from collections.abc import Sequence

from its.candidates import Candidate, Selection
from its.selection import ranking
from its.selection.ranking import AnswerClass, Classes, Scores, rounded


def vote(
    candidates: Sequence[Candidate], classes: Classes, scores: Scores | None = None
) -> Selection:
    """Self-consistency: the answer that most candidates agree on. Scores only break ties."""
    first = ranking.by_votes(classes, scores, samples_of(candidates))
    return _selection(first, candidates, "agree on")


def weighted_vote(candidates: Sequence[Candidate], classes: Classes, scores: Scores) -> Selection:
    """The answer whose candidates have the highest sum of scores (arXiv:2408.03314).

    A candidate without a score weighs the mean of those that have one. Where no candidate scored
    above zero, it is a plain vote.
    """
    if not any(ranking.filled_scores(scores, classes)):
        return vote(candidates, classes, scores)
    first = ranking.by_weighted_votes(classes, scores, samples_of(candidates))
    return _selection(first, candidates, "weigh most, for")


def best_by_reward(candidates: Sequence[Candidate], classes: Classes, scores: Scores) -> Selection:
    """Best-of-n: the candidate of the highest score; among equals the class of the higher total
    reward, then the earliest. Without any score it is a plain vote."""
    return norm_vote(candidates, classes, scores, agreement=0.0)


def norm_vote(
    candidates: Sequence[Candidate], classes: Classes, scores: Scores, agreement: float
) -> Selection:
    """Between best-of-n (`agreement` 0) and the weighted vote (1)."""
    if not any(ranking.filled_scores(scores, classes)):
        return vote(candidates, classes, scores)
    first = ranking.by_norm(classes, scores, samples_of(candidates), agreement)
    how = "hold the best score, for" if agreement == 0 else "weigh most, for"
    return _selection(first, candidates, how)


def cisc(
    candidates: Sequence[Candidate], classes: Classes, scores: Scores, temperature: float
) -> Selection:
    """Confidence-informed self-consistency (arXiv:2502.06233): a vote weighted by
    softmax(score / temperature) over the candidates that have an answer. A large temperature is a
    plain vote."""
    first = ranking.by_softmax(classes, scores, samples_of(candidates), temperature)
    return _selection(first, candidates, "weigh most, for")


def samples_of(candidates: Sequence[Candidate]) -> list[float]:
    """How many samples each candidate counts for."""
    return [candidate.weight for candidate in candidates]


def shown(candidate: Candidate, width: int = 60) -> str:
    """A candidate's answer on one line, for a reason or a tally."""
    text = " ".join((candidate.answer.text if candidate.answer else candidate.text).split())
    return text if len(text) <= width else text[: width - 1] + "…"


def _selection(
    classes: Sequence[AnswerClass], candidates: Sequence[Candidate], verb: str
) -> Selection:
    if not classes:
        return Selection(None, None, "every candidate abstained: none has an answer")
    first = classes[0]
    tally = tuple((shown(candidates[c.representative]), c.weight) for c in classes)
    reason = (
        f"{len(first.members)} of {len(candidates)} candidates {verb} {tally[0][0]}"
        f" (with a weight of {first.weight:.4g}{_runner_up(classes, tally)})"
    )
    confidence = ranking.confidence(classes, samples_of(candidates))
    return Selection(candidates[first.representative], confidence, reason, tally)


def _runner_up(classes: Sequence[AnswerClass], tally: Sequence[tuple[str, float]]) -> str:
    if len(classes) < 2:
        return ", no other answer"
    first, second = classes[:2]
    if rounded(first.weight) > rounded(second.weight):
        return f", next {tally[1][0]} with {second.weight:.4g}"
    if rounded(first.reward) > rounded(second.reward):
        return f", a tie with {tally[1][0]}, broken by the higher total reward"
    return f", a tie with {tally[1][0]}, which came later"
