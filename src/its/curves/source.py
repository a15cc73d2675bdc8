"""Recorded samples made ready to measure on: graded, and refused where they would mislead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from its.answers import Comparer, extract
from its.curves.records import Record, record_of
from its.errors import InputError
from its.models.recorded import Pool, PoolProblem, Sample
from its.models.recorded.model import said


async def graded_records(pool: Pool, *, allow_biased: bool = False) -> list[Record]:
    """A record for every problem that has samples.

    Verdicts recorded in the pool count as they are; else answers are compared with the reference,
    as a run does. Raises InputError where nothing says which answers are right, and for a biased
    pool unless `allow_biased`.
    """
    if pool.biased and not allow_biased:
        raise InputError(
            f"{pool.name}: its samples are biased ({pool.biased}), and what is drawn from them "
            "would mislead; use a run with `stop: none`, or add --allow-biased"
        )
    async with Comparer() as comparer:
        problems = [await _graded(problem, comparer) for problem in pool.problems]
    graded = [p for p in problems if any(sample.correct is not None for sample in p.samples)]
    if not graded:
        raise InputError(
            f"{pool.name}: nothing says which answers are right; samples need `correct`, or "
            "problems a reference (--problems FILE)"
        )
    return [record_of(problem) for problem in graded]


def all_scored(records: Sequence[Record]) -> bool:
    """Whether a reward was recorded for every sample that has an answer."""
    return all(
        score is not None or number is None
        for record in records
        for score, number in zip(record.scores, record.classes, strict=True)
    )


def all_measured(records: Sequence[Record]) -> bool:
    """Whether the completion tokens of every sample are known."""
    return all(count is not None for record in records for count in record.tokens)


def paired(a: Sequence[Record], b: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """The problems that both have, in the order of the first. Raises InputError for none."""
    others = {record.id: record for record in b}
    common = [record for record in a if record.id in others]
    if not common:
        raise InputError("the two sources have no problem in common: ids must agree")
    return common, [others[record.id] for record in common]


async def _graded(problem: PoolProblem, comparer: Comparer) -> PoolProblem:
    """The problem with a verdict on every sample, and one spelling for equivalent answers."""
    if problem.reference is None or any(sample.correct is not None for sample in problem.samples):
        return problem
    answers = [extract(said(sample)) for sample in problem.samples]
    classes = await comparer.classes(answers)
    verdicts = [await comparer.grade(answer, problem.reference) for answer in answers]
    samples: list[Sample] = [
        replace(sample, answer=None if number is None else str(number), correct=verdict)
        for sample, number, verdict in zip(problem.samples, classes, verdicts, strict=True)
    ]
    return replace(problem, samples=tuple(samples))
