"""Ways of spending more compute, replayed on a pool: what each answers, and all that it costs.

Votes weigh a sample by its certainty, exp of the log probability of all that it derives: it comes
free with the sampling, and a slip in arithmetic shows in it. The verifier's certainty of the same
text costs about as much as the sample; a critique that it writes costs more than two.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from its_training.pools import Entry, Sample

Weigh = Callable[[Sample], float]


@dataclass(frozen=True)
class Outcome:
    """Whether a problem was answered rightly, and the FLOPs of everything that was run for it."""

    right: bool
    flops: float


@dataclass(frozen=True)
class Rule:
    """A way to answer, with its settings.

    `most` samples at most. `weigh` names what a sample weighs in the vote: `one`, its `certainty`,
    the verifier's (`reading`), the mean of the two (`both`), or the score of a `critique`. With a
    `threshold`, sampling stops as soon as the vote is that likely settled. With `doubt`, the
    verifier is asked only where the vote without it is less likely settled than that.
    """

    most: int
    weigh: str = "one"
    threshold: float | None = None
    doubt: float | None = None

    @property
    def name(self) -> str:
        parts = [
            f"k={self.most}",
            {
                "one": "vote",
                "certainty": "certainty-weighted vote",
                "reading": "verifier-weighted vote",
                "both": "vote weighted by verifier and certainty",
                "critique": "critique-weighted vote",
            }[self.weigh],
        ]
        if self.threshold is not None:
            parts.append(f"stop at {self.threshold:g}")
        if self.doubt is not None:
            parts.append(f"read below {self.doubt:g}")
        return ", ".join(parts)


def answer(entry: Entry, rule: Rule) -> Outcome:
    """Replay a rule on one problem of a pool."""
    samples = entry.samples[: rule.most]
    final = _WEIGHTS[rule.weigh]
    free = _WEIGHTS[_FREE.get(rule.weigh, rule.weigh)]
    early = final if rule.doubt is None and rule.weigh != "critique" else free
    if rule.threshold is not None:
        for count in range(1, len(samples) + 1):
            if confidence(samples[:count], early) >= rule.threshold:
                samples = samples[:count]
                break
    cost = sampling_flops(entry, samples)
    if rule.doubt is not None and confidence(samples, early) >= rule.doubt:
        final = early
    elif rule.weigh in _FREE:
        cost += math.fsum(_asked(s, rule.weigh) for s in samples if s.answer is not None)
    return Outcome(entry.right(winner(samples, final)), cost)


def winner(samples: Iterable[Sample], weigh: Weigh) -> str | None:
    """The answer with the most weight; ties go to the earliest. None if no sample has one."""
    totals: dict[str, float] = defaultdict(float)
    for sample in samples:
        if sample.answer is not None:
            totals[sample.answer] += weigh(sample)
    return max(totals, key=totals.__getitem__) if totals else None


def sampling_flops(entry: Entry, samples: Iterable[Sample]) -> float:
    """FLOPs of samples, each style's prompt charged once."""
    taken = list(samples)
    prompts = math.fsum(entry.prompts[style] for style in {s.style for s in taken})
    return prompts + math.fsum(s.flops for s in taken)


def confidence(samples: Iterable[Sample], weigh: Weigh) -> float:
    """How likely the leader's share is truly above the second's: the rule of adaptive consistency,
    P(Beta(a + 1, b + 1) > 1/2) for the two largest weights a and b."""
    totals: dict[str, float] = defaultdict(float)
    for sample in samples:
        if sample.answer is not None:
            totals[sample.answer] += weigh(sample)
    top = [*sorted(totals.values(), reverse=True)[:2], 0.0, 0.0]
    return beta_above_half(round(top[0], 2), round(top[1], 2))


@lru_cache(maxsize=100_000)
def beta_above_half(a: float, b: float) -> float:
    """P(X > 1/2) for X ~ Beta(a + 1, b + 1), by Simpson's rule."""
    steps = 64
    log_scale = math.lgamma(a + b + 2) - math.lgamma(a + 1) - math.lgamma(b + 1)

    def density(x: float) -> float:
        if x >= 1:
            return math.exp(log_scale) if b == 0 else 0.0
        return math.exp(log_scale + a * math.log(x) + b * math.log1p(-x))

    width = 0.5 / steps
    total = density(0.5) + density(1.0)
    for i in range(1, steps):
        total += density(0.5 + i * width) * (4 if i % 2 else 2)
    return total * width / 3


def _one(sample: Sample) -> float:
    return 1.0


def _certainty(sample: Sample) -> float:
    return math.exp(sample.certainty)


def _read(sample: Sample) -> float:
    return 0.0 if sample.reading is None else math.exp(sample.reading.certainty)


def _both(sample: Sample) -> float:
    """The geometric mean of the two certainties."""
    return math.sqrt(_certainty(sample) * _read(sample))


def _criticised(sample: Sample) -> float:
    """The critique's score as a weight; 1/2 where it said nothing readable."""
    if sample.check is None or sample.check.reward is None:
        return 0.5
    return 0.02 + sample.check.reward


def _asked(sample: Sample, weigh: str) -> float:
    """FLOPs of asking the verifier about a sample."""
    told = sample.check if weigh == "critique" else sample.reading
    return told.flops if told else 0.0


_WEIGHTS: dict[str, Weigh] = {
    "one": _one,
    "certainty": _certainty,
    "reading": _read,
    "both": _both,
    "critique": _criticised,
}
# What a sample weighs before the verifier is asked.
_FREE = {"reading": "one", "both": "certainty", "critique": "one"}
