"""Confidence from token log-probabilities, to weigh, filter and cut reasoning traces.

Deep think with confidence (arXiv:2508.15260). Log-probabilities are natural; confidences are
positive, and higher is surer.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Sequence
from typing import Literal

Measure = Literal["mean", "tail", "lowest", "bottom_tenth"]
GROUP = 2048


def token_confidence(top_logprobs: Sequence[float]) -> float:
    """`-(1/k) Σ log p` over the k likeliest tokens at one place (k = 20 in the paper).

    Where the model is sure, all but one of them are very unlikely, so the value is high. Raises
    ValueError for none.
    """
    if not top_logprobs:
        raise ValueError("no log-probabilities at this token")
    return -math.fsum(top_logprobs) / len(top_logprobs)


class GroupConfidence:
    """The mean over the newest `group` tokens of a trace that is being written; until it has so
    many, over all of them."""

    def __init__(self, group: int = GROUP) -> None:
        self.group = group
        self.tokens = 0
        self._newest: deque[float] = deque()
        self._total = 0.0

    def add(self, confidence: float) -> float | None:
        """Take the next token; returns the mean of the group that it ends, None before the first
        full one."""
        self.tokens += 1
        self._newest.append(confidence)
        if self.tokens < self.group:
            return None
        if self.tokens == self.group:
            self._total = math.fsum(self._newest)
        else:
            self._total += confidence - self._newest.popleft()
        return self._total / self.group

    @property
    def begun(self) -> float | None:
        """The mean of all tokens of a trace that is shorter than a group; None without tokens."""
        return _mean(self._newest) if self._newest else None


def group_confidences(tokens: Sequence[float], group: int = GROUP) -> list[float]:
    """Means over all windows of `group` neighbouring tokens (one window where fewer exist)."""
    if not tokens:
        return []
    running = GroupConfidence(min(group, len(tokens)))
    return [mean for mean in map(running.add, tokens) if mean is not None]


def trace_confidence(
    tokens: Sequence[float], measure: Measure = "bottom_tenth", group: int = GROUP
) -> float:
    """One figure for a whole trace: the mean of its tokens, of its last `group` tokens, its least
    sure group, or the mean of the least sure tenth of its groups. Raises ValueError for no token.
    """
    if not tokens:
        raise ValueError("a trace without tokens has no confidence")
    if measure == "mean":
        return _mean(tokens)
    if measure == "tail":
        return _mean(tokens[-group:])
    groups = sorted(group_confidences(tokens, group))
    if measure == "lowest":
        return groups[0]
    return _mean(groups[: max(1, len(groups) // 10)])


def kept(confidences: Sequence[float], share: float) -> list[int]:
    """Places of the surest `share` of the traces (at least one), for the vote offline.

    The vote is then weighted by confidence. 0.1 and 0.9 are the paper's; a small share can harm,
    where the model is sure of a wrong answer.
    """
    count = max(1, round(share * len(confidences))) if confidences else 0
    ranked = sorted(range(len(confidences)), key=lambda i: (-confidences[i], i))
    return sorted(ranked[:count])


def cut_threshold(warm_up: Sequence[float], share: float) -> float:
    """Online: the lowest-group confidence under which a running trace is cut.

    `warm_up` holds the lowest group of each of the first traces (16 in the paper); the surest
    `share` of them would have passed. Raises ValueError for none.
    """
    if not warm_up:
        raise ValueError("the threshold needs warm-up traces")
    ranked = sorted(warm_up, reverse=True)
    return ranked[max(1, math.ceil(share * len(ranked) - 1e-9)) - 1]


def cut_at(tokens: Sequence[float], threshold: float, group: int = GROUP) -> int | None:
    """After how many tokens a trace is cut: where a full group first falls under the threshold.

    None where it runs to its end.
    """
    if len(tokens) < group:
        return None
    for i, confidence in enumerate(group_confidences(tokens, group)):
        if confidence < threshold:
            return group + i
    return None


def _mean(values: Collection[float]) -> float:
    return math.fsum(values) / len(values)
