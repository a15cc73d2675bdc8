"""One budget for a whole batch, spent where the expected gain in right answers is highest.

Samples go out in rounds. A round looks only at what the problems' samples say so far, so the same
samples lead to the same grants in any concurrency and after any interruption. Problems that are
settled, and those that cannot be won, promise no gain, and stop drawing by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DrawState:
    """What a problem has drawn, and what it may still draw.

    `votes` holds a weight for every class of equivalent answers seen: how many samples hold it,
    or with a reward the sum of their scores over the mean score. `abstained` counts samples
    without an answer, `effort` is the mean number of completion tokens of its samples (None where
    unknown), `left` how many more samples it may draw at all, `cost` what one is expected to
    cost in the unit of the budget, and `bound` the most that it may (None: the same). `closed`
    problems draw no more (answered, verified, failed). `tie` orders problems of equal gain: a hash
    of the problem, so that no problem gains from its place in the input.
    """

    votes: tuple[float, ...] = ()
    abstained: int = 0
    effort: float | None = None
    left: int = 1_000_000
    cost: float = 1.0
    bound: float | None = None
    closed: bool = False
    tie: int = 0


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How a batch's budget is divided. All settings were found on one recorded pool.

    `exponent` makes an answer's share of the votes worth `share ** exponent`: below 1, bringing a
    doubtful answer forward is worth more than confirming a sure one. `tolerance` is the least
    expected gain of a sample for which it is drawn. `share` of the problems draw in one round, or
    `least` where the batch is small; but never more than half of the samples that are still
    affordable, so that the last of them go where the ones before them show the most gain.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    exponent: Annotated[float, Gt(0), Le(2)] = 0.75
    tolerance: Annotated[float, Ge(0)] = 0.0001
    share: Annotated[float, Gt(0), Le(1)] = 0.1
    least: Annotated[int, Ge(1)] = 4

    def grants(self, states: Sequence[DrawState], budget: float) -> list[int]:
        """How many samples each problem draws in the next round; all zero: it is over.

        Bounds of the granted samples never exceed `budget`. A problem without a sample comes
        first; then those with the highest expected gain per cost, one sample each.
        """
        fresh = [i for i, s in enumerate(states) if not (s.votes or s.abstained) and _may_draw(s)]
        if fresh:
            fresh.sort(key=lambda i: (states[i].tie, i))
            return _granted(states, fresh, budget)
        gains = self.gains(states)
        worth = [i for i, gain in enumerate(gains) if gain > self.tolerance]
        worth.sort(key=lambda i: (-gains[i] / max(states[i].cost, _FREE), states[i].tie, i))
        return _granted(states, worth[: self._in_a_round(states, worth, budget)], budget)

    def _in_a_round(self, states: Sequence[DrawState], worth: Sequence[int], budget: float) -> int:
        """How many problems draw together."""
        cost = math.fsum(states[i].cost for i in worth)
        wanted = max(self.share * len(states), self.least)
        affordable = budget * len(worth) / cost if cost > _FREE else math.inf
        return int(min(wanted, max(1.0, affordable / 2)))

    def gains(self, states: Sequence[DrawState]) -> list[float]:
        """Expected gain a sample of each problem, at the horizon where it is highest."""
        import numpy as np

        from its.allocation.gain import (
            HORIZONS,
            expected_gains,
            learned_posteriors,
            log_likelihood,
        )

        if not states:
            return []
        votes = [tuple(sorted((round(v, 1) for v in s.votes), reverse=True)) for s in states]
        seen = list(zip(votes, (s.abstained for s in states), strict=True))
        posteriors = learned_posteriors(
            np.array([log_likelihood(*samples) for samples in seen]), _groups(states)
        )
        totals = np.array([expected_gains(*samples, self.exponent) for samples in seen])
        per_sample = np.einsum("pa,pah->ph", posteriors, totals) / HORIZONS
        left = np.array([s.left if _may_draw(s) else 0 for s in states])
        reachable = HORIZONS[None, :] <= left[:, None]
        best = np.where(reachable, per_sample, -np.inf).max(axis=1)
        return [float(gain) if _may_draw(s) else 0.0 for gain, s in zip(best, states, strict=True)]


def tie_of(key: bytes) -> int:
    """The place of a problem among those of equal gain, from its key (which is a hash)."""
    return int.from_bytes(key[:8], "big")


def window_budget(left: float, here: int, unseen: int | None, reserve: float = 0.5) -> float:
    """How much of what is left a window of `here` problems may spend while others wait.

    Where it is known how many are unseen, every problem has the same claim. Where it is not (a
    stream), the share `reserve` of what is left is kept for them; 0 unseen frees all of it.
    """
    if unseen is None:
        return left * (1 - reserve)
    return left * here / (here + unseen) if here else 0.0


def _may_draw(state: DrawState) -> bool:
    return state.left > 0 and not state.closed


def _granted(states: Sequence[DrawState], order: Sequence[int], budget: float) -> list[int]:
    """One sample for each in order, as far as the budget goes."""
    grants = [0] * len(states)
    for i in order:
        state = states[i]
        bound = state.cost if state.bound is None else state.bound
        if bound > budget:
            break
        grants[i] = 1
        budget -= bound
    return grants


_GROUPS = 5
_FREE = 1e-12


def _groups(states: Sequence[DrawState]) -> NDArray[np.intp]:
    """Problems by fifths of the length of their answers: long ones are hard alike.

    Those of unknown length make the first group, alone where nothing is known.
    """
    import numpy as np

    groups = np.zeros(len(states), dtype=np.intp)
    known = [i for i, s in enumerate(states) if s.effort is not None]
    known.sort(key=lambda i: (states[i].effort or 0.0, states[i].tie, i))
    for rank, i in enumerate(known):
        groups[i] = 1 + rank * _GROUPS // len(known)
    return groups
