"""Runs compared with the first of them, as the command and the page show it."""

from __future__ import annotations

from collections.abc import Sequence

from its.analysis.comparison import Paired, RunComparison, adjusted, compare, pair_up
from its.answers import accepted_answers, equivalent
from its.report.reading import RunData


def compare_runs(first: RunData, others: Sequence[RunData]) -> list[RunComparison]:
    """Each other run against the first, p values adjusted for their number."""
    paired = [pair_up(first.outcomes, other.outcomes) for other in others]
    return adjusted([compare(each, equivalent_answers(each)) for each in paired])


def equivalent_answers(paired: Paired) -> dict[str, bool]:
    """By id, for problems whose two answers differ in spelling: whether they are equivalent."""
    return {
        a.id: _equivalent(a.answer, b.answer)
        for a, b in paired.pairs
        if a.answer is not None and b.answer is not None and a.answer != b.answer
    }


def _equivalent(first: str, second: str) -> bool:
    return any(
        equivalent(one, other)
        for one in accepted_answers(first)
        for other in accepted_answers(second)
    )
