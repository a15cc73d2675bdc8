"""Recorded samples made ready to measure on: graded, and refused where they would mislead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from its.candidates import Answer
from its.curves.records import SampleRecord, record_of
from its.errors import InputError
from its.grading import Grader, GradingSettings
from its.models.recorded import Pool, PoolProblem, RecordedSample
from its.models.recorded.model import said


async def graded_records(pool: Pool, *, allow_biased: bool = False) -> list[SampleRecord]:
    """A record for every problem that has samples.

    Verdicts recorded in the pool count as they are; else answers are read and graded as the run
    did that drew them, with its own settings. Raises InputError where nothing says which answers
    are right, and for a biased pool unless `allow_biased`.
    """
    if pool.biased and not allow_biased:
        raise InputError(
            f"{pool.name}: its samples are biased ({pool.biased}), and what is drawn from them "
            "would mislead; use a run with `stop: none`, or add --allow-biased"
        )
    settings = GradingSettings.of(pool.configuration)
    async with settings.comparer() as comparer:
        grader = Grader(comparer, settings.kind)
        problems = [await _graded(problem, grader.for_problem()) for problem in pool.problems]
    graded = [p for p in problems if any(sample.correct is not None for sample in p.samples)]
    if not graded:
        raise InputError(
            f"{pool.name}: nothing says which answers are right; samples need `correct`, or "
            "problems a reference (--problems FILE)"
        )
    return [record_of(problem) for problem in graded]


def all_scored(records: Sequence[SampleRecord]) -> bool:
    """Whether a reward was recorded for every sample that has an answer."""
    return all(
        score is not None or number is None
        for record in records
        for score, number in zip(record.scores, record.classes, strict=True)
    )


def all_measured(records: Sequence[SampleRecord]) -> bool:
    """Whether the completion tokens of every sample are known."""
    return all(count is not None for record in records for count in record.tokens)


def paired(
    a: Sequence[SampleRecord], b: Sequence[SampleRecord]
) -> tuple[list[SampleRecord], list[SampleRecord]]:
    """The problems that both have, in the order of the first. Raises InputError for none."""
    others = {record.id: record for record in b}
    common = [record for record in a if record.id in others]
    if not common:
        raise InputError("the two sources have no problem in common: ids must agree")
    return common, [others[record.id] for record in common]


def graded_by(pool: Pool) -> str:
    """What says which samples are right, as a sentence."""
    flagged = sum(any(s.correct is not None for s in p.samples) for p in pool.problems)
    rest = [p for p in pool.problems if all(s.correct is None for s in p.samples)]
    verified = sum(1 for p in rest if p.asked.verifier is not None)
    compared = sum(1 for p in rest if p.asked.verifier is None and p.reference is not None)
    kind = GradingSettings.of(pool.configuration).kind
    parts = [
        (flagged, "by recorded verdicts"),
        (compared, f"by comparing with the reference (kind {kind})"),
        (verified, "by the row's own verifier"),
    ]
    graded = [f"{number:,} {how}" for number, how in parts if number]
    return f"Problems graded: {', '.join(graded) or 'none'}."


async def _graded(problem: PoolProblem, grader: Grader) -> PoolProblem:
    """The problem with a verdict on every sample, and one spelling for equivalent answers.

    A guess abstains where any sample states its answer, as in a run.
    """
    asked = problem.asked
    if not asked.graded or any(sample.correct is not None for sample in problem.samples):
        return problem
    read = [grader.read(said(sample), asked.question) for sample in problem.samples]
    stated = any(answer is not None and not answer.fallback for answer in read)
    answers = [None if stated and answer and answer.fallback else answer for answer in read]
    classes = await grader.comparer.classes(answers)
    verdicts: dict[tuple[Answer | None, str], bool | None] = {}
    samples: list[RecordedSample] = []
    for sample, answer, number in zip(problem.samples, answers, classes, strict=True):
        key = answer, said(sample) if asked.verifier else ""
        if key not in verdicts:
            verdicts[key] = (await grader.grade(asked, *key)).correct
        spelling = None if number is None else str(number)
        samples.append(replace(sample, answer=spelling, correct=verdicts[key]))
    return replace(problem, samples=tuple(samples))
