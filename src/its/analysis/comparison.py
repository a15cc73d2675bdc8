"""Two runs of the same problems, paired: which is better, by how much, and for what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from its.analysis.headline import Share, share
from its.analysis.intervals import holm, mcnemar_exact, paired_interval
from its.analysis.outcomes import ProblemOutcome
from its.usage import Usage, total


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run spent on the problems that both hold."""

    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True)
class RunComparison:
    """The second run against the first, over the graded problems that both hold.

    `difference` is the second's accuracy less the first's, with its 95 % interval; `p_value` that
    of McNemar's exact test, `p_adjusted` the same adjusted for the number of comparisons (Holm).
    `first_only` holds the ids that the first alone got right, `second_only` those that the second
    alone did. `agreement` is the share of problems on which both gave the same answer, among
    those that either answered. All are None without a problem to tell. `unpaired` problems are in
    one run alone; `differing` ones have one id in both and ask different things.
    """

    problems: int
    first: Share
    second: Share
    both_right: int
    both_wrong: int
    first_only: tuple[str, ...]
    second_only: tuple[str, ...]
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    agreement: float | None
    first_cost: Cost
    second_cost: Cost
    unpaired: tuple[int, int]
    differing: int

    @property
    def graded(self) -> int:
        return self.first.total


@dataclass(frozen=True, slots=True)
class Paired:
    """The problems that two runs share, and how many they do not."""

    pairs: tuple[tuple[ProblemOutcome, ProblemOutcome], ...]
    unpaired: tuple[int, int]
    differing: int


def pair_up(first: Sequence[ProblemOutcome], second: Sequence[ProblemOutcome]) -> Paired:
    """Problems with one id in both runs, in the order of the first.

    Where both runs say what was asked and it differs, the problem is not the same.
    """
    others = {outcome.id: outcome for outcome in second}
    known = [(outcome, others[outcome.id]) for outcome in first if outcome.id in others]
    pairs = tuple(pair for pair in known if _asks_the_same(*pair))
    return Paired(
        pairs, (len(first) - len(known), len(second) - len(known)), len(known) - len(pairs)
    )


def compare(paired: Paired, same: Mapping[str, bool] | None = None) -> RunComparison:
    """Compare what two runs made of the problems that they share.

    `same` says by id whether two answers that are spelled differently are equivalent; without it
    only equal spellings agree.
    """
    pairs = paired.pairs
    graded = [(a, b) for a, b in pairs if a.correct is not None and b.correct is not None]
    first_only = tuple(a.id for a, b in graded if a.correct and not b.correct)
    second_only = tuple(b.id for a, b in graded if b.correct and not a.correct)
    both = sum(bool(a.correct and b.correct) for a, b in graded)
    first, second = (
        share(both + len(first_only), len(graded)),
        share(both + len(second_only), len(graded)),
    )
    low, high = (
        paired_interval(len(first_only), len(second_only), len(graded)) if graded else (None, None)
    )
    p_value = mcnemar_exact(len(first_only), len(second_only)) if graded else None
    return RunComparison(
        problems=len(pairs),
        first=first,
        second=second,
        both_right=both,
        both_wrong=len(graded) - both - len(first_only) - len(second_only),
        first_only=first_only,
        second_only=second_only,
        difference=(len(second_only) - len(first_only)) / len(graded) if graded else None,
        low=low,
        high=high,
        p_value=p_value,
        p_adjusted=p_value,
        agreement=_agreement(pairs, same or {}),
        first_cost=_cost([a for a, _ in pairs]),
        second_cost=_cost([b for _, b in pairs]),
        unpaired=paired.unpaired,
        differing=paired.differing,
    )


def adjusted(comparisons: Sequence[RunComparison]) -> list[RunComparison]:
    """The same comparisons, their p values adjusted for how many there are."""
    values = holm([1.0 if c.p_value is None else c.p_value for c in comparisons])
    return [
        replace(c, p_adjusted=None if c.p_value is None else value)
        for c, value in zip(comparisons, values, strict=True)
    ]


def _asks_the_same(a: ProblemOutcome, b: ProblemOutcome) -> bool:
    return a.question is None or b.question is None or a.question == b.question


def _agreement(
    pairs: Sequence[tuple[ProblemOutcome, ProblemOutcome]], same: Mapping[str, bool]
) -> float | None:
    answered = [(a, b) for a, b in pairs if a.answer is not None or b.answer is not None]
    if not answered:
        return None
    agreeing = sum(a.answer == b.answer or same.get(a.id, False) for a, b in answered)
    return agreeing / len(answered)


def _cost(outcomes: Sequence[ProblemOutcome]) -> Cost:
    return Cost(
        total(outcome.usage for outcome in outcomes),
        sum(outcome.seconds for outcome in outcomes),
    )
