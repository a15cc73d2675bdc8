"""The cutting rules: low confidence (DeepConf online), the shortest of k, and text in a loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Annotated

from annotated_types import Ge, Interval

from its.allocation.cutting import Cutting, CuttingRule
from its.allocation.deepconf import GROUP, GroupConfidence, cut_threshold, token_confidence
from its.allocation.repetition import STRIDE, WINDOW, loop_at_the_end
from its.allocation.short import short_m_at_k
from its.models.protocol import Completion
from its.models.watching import Cut, Watch

# --- DeepConf online ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LowConfidence(CuttingRule):
    """Stops a sample where a group of its tokens is less sure than nearly all of the first samples
    ever were (deep think with confidence, online; arXiv:2508.15260).

    The first `warm_up` samples are written whole. The surest `keep` of them, by their least sure
    `group` of neighbouring tokens, set the threshold: a later sample is stopped at the token where
    a full group falls under it. What fell under it does not count, the first samples included. A
    small `keep` can harm, where the model is sure of a wrong answer.
    """

    name = "deepconf"
    reads_alternatives = True
    compares = True

    warm_up: Annotated[int, Ge(1)] = 16
    keep: Annotated[float, Interval(gt=0, le=1)] = 0.9
    group: Annotated[int, Ge(1)] = GROUP

    def begin(self) -> Cutting:
        return _LowConfidenceCutting(self)


class _LowConfidenceCutting(Cutting):
    def __init__(self, rule: LowConfidence) -> None:
        self._rule = rule
        self.whole = rule.warm_up
        self._least: dict[int, float | None] = {}
        self._threshold: float | None = None

    def open(self) -> int | None:
        settled = all(number in self._least for number in range(self._rule.warm_up))
        return None if settled else self._rule.warm_up

    def watch(self, number: int) -> Watch:
        threshold = self._threshold if number >= self._rule.warm_up else None
        return _ConfidenceWatch(self._rule.group, threshold)

    def settle(self, number: int, completion: Completion | None) -> None:
        self._least[number] = completion.least_confidence if completion else None
        if number < self._rule.warm_up and self.open() is None:
            first = [self._least[i] for i in range(self._rule.warm_up)]
            measured = [least for least in first if least is not None]
            self._threshold = cut_threshold(measured, self._rule.keep) if measured else None

    def leaves_out(self, number: int) -> str:
        least = self._least.get(number)
        if least is None or self._threshold is None or least >= self._threshold:
            return ""
        return f"its least confidence, {least:.3f}, is under {self._threshold:.3f}"


class _ConfidenceWatch:
    def __init__(self, group: int, threshold: float | None) -> None:
        self._running = GroupConfidence(group)
        self._threshold = threshold
        self._least: float | None = None

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        for top in tops:
            mean = self._running.add(token_confidence(top))
            if mean is None:
                continue
            if self._threshold is not None and mean < self._threshold:
                at = self._running.tokens
                reason = f"its confidence fell to {mean:.3f}, under {self._threshold:.3f}"
                return Cut("cut", f"{reason}, after {at:,} tokens")
            self._least = mean if self._least is None else min(self._least, mean)
        return None

    def ended(self, tokens: int | None) -> float | None:
        return self._running.begun if self._least is None else self._least


# --- short-m@k ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shortest(CuttingRule):
    """Keeps the `m` shortest samples of a stage (short-m@k, arXiv:2505.17813) and stops the others.

    Length is counted in completion tokens. A running sample is stopped once it is longer than `m`
    samples that have ended: it cannot be among the shortest any more, so the same ones are kept
    however fast each was written.
    """

    name = "shortest"
    compares = True
    wants_all = True

    m: Annotated[int, Ge(1)] = 3

    def begin(self) -> Cutting:
        return _ShortestCutting(self.m)


class _ShortestCutting(Cutting):
    """`limit` is the length of the m-th shortest sample that has ended, None before there is one:
    it only ever falls."""

    def __init__(self, m: int) -> None:
        self.m = m
        self.reason = f"it is not among the {m} shortest"
        self.limit: int | None = None
        self._lengths: dict[int, int] = {}
        self._lock = Lock()

    def watch(self, number: int) -> Watch:
        return _LengthWatch(self, number)

    def settle(self, number: int, completion: Completion | None) -> None:
        if completion is not None and completion.finish not in ("cut", "filtered"):
            self.ended(number, _length(completion))

    def ended(self, number: int, tokens: int) -> None:
        with self._lock:
            self._lengths[number] = tokens
            if len(self._lengths) >= self.m:
                self.limit = sorted(self._lengths.values())[self.m - 1]

    def leaves_out(self, number: int) -> str:
        if number not in self._lengths or len(self._lengths) <= self.m:
            return ""
        numbers = sorted(self._lengths)
        shortest = short_m_at_k([self._lengths[each] for each in numbers], self.m)
        if number in [numbers[place] for place in shortest.kept]:
            return ""
        return self.reason


class _LengthWatch:
    def __init__(self, cutting: _ShortestCutting, number: int) -> None:
        self._cutting = cutting
        self._number = number
        self._tokens = 0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self._tokens += tokens
        limit = self._cutting.limit
        if limit is None or self._tokens <= limit:
            return None
        return Cut("cut", self._cutting.reason)

    def ended(self, tokens: int | None) -> float | None:
        if tokens is not None:
            self._cutting.ended(self._number, tokens)
        return None


def _length(completion: Completion) -> int:
    """Its tokens; about so many where nobody counted them."""
    return completion.tokens or math.ceil(len(completion.reasoning + completion.text) / 4)


# --- loops --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Repetition(CuttingRule):
    """Stops a sample that repeats itself: it ends in the same passage `repeats` times in a row, and
    at least `least` characters long.

    What it wrote until then is a candidate like one that its token limit cut short: an answer that
    it stated before counts.
    """

    name = "repetition"

    repeats: Annotated[int, Ge(2)] = 4
    least: Annotated[int, Ge(1)] = 400

    def begin(self) -> Cutting:
        return _RepetitionCutting(self)


class _RepetitionCutting(Cutting):
    def __init__(self, rule: Repetition) -> None:
        self._rule = rule

    def watch(self, number: int) -> Watch:
        return _RepetitionWatch(self._rule)


class _RepetitionWatch:
    """Looks at the text where its length is a multiple of STRIDE, in whatever pieces it comes."""

    def __init__(self, rule: Repetition) -> None:
        self._rule = rule
        self._newest = ""
        self._before = 0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        seen = self._before + len(self._newest)
        self._newest += text
        for length in range(seen - seen % STRIDE + STRIDE, seen + len(text) + 1, STRIDE):
            end = length - self._before
            tail = self._newest[max(0, end - WINDOW) : end]
            period = loop_at_the_end(tail, self._rule.repeats, self._rule.least)
            if period is not None:
                passage = "character" if period == 1 else f"{period:,} characters"
                reason = f"it repeats the same {passage}, after {length:,} characters"
                return Cut("loop", reason, kept=length)
        surplus = max(0, len(self._newest) - WINDOW)
        self._before += surplus
        self._newest = self._newest[surplus:]
        return None

    def ended(self, tokens: int | None) -> float | None:
        return None
