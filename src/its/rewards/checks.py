"""Verifiers as rewards: 1 where a candidate passes an exact check, 0 where it fails it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, MinLen

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.parts import Need
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.asking import ask
from its.rewards.protocol import Reward
from its.verifiers import checkers
from its.verifiers.agreement import agreement
from its.verifiers.checkers import CheckResult
from its.verifiers.code import TrialReport, assertions_in, run_tests
from its.verifiers.extracting import entry_point_of, examples_in, header_of, program_in
from its.verifiers.sandbox import available_interpreter
from its.verifiers.standard_streams import run_pairs
from its.verifiers.suites import pairs_of, suite_of
from its.verifiers.trial import Suite


@dataclass(frozen=True, slots=True)
class PatternCheck(Reward):
    """Whether the answer, as a whole, matches a regular expression."""

    name = "pattern"
    scores_prefixes = False

    pattern: str

    def __post_init__(self) -> None:
        checkers.check_pattern(self.pattern)

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self, question: Question, candidates: Sequence[Candidate], door: Door, prompts: PromptSet
    ) -> list[Score]:
        return await _check_all(
            "pattern", candidates, lambda c: checkers.matches(_said(c), self.pattern)
        )


@dataclass(frozen=True, slots=True)
class SchemaCheck(Reward):
    """Whether the answer is JSON that fits a JSON schema (with the `schema` extra)."""

    name = "json_schema"
    scores_prefixes = False

    json_schema: dict[str, Any]

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self, question: Question, candidates: Sequence[Candidate], door: Door, prompts: PromptSet
    ) -> list[Score]:
        return await _check_all(
            "json_schema", candidates, lambda c: checkers.fits_schema(_said(c), self.json_schema)
        )


@dataclass(frozen=True, slots=True)
class ChoiceCheck(Reward):
    """Whether the answer is one of `choices`."""

    name = "choice"
    scores_prefixes = False

    choices: Annotated[tuple[str, ...], MinLen(1)]

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self, question: Question, candidates: Sequence[Candidate], door: Door, prompts: PromptSet
    ) -> list[Score]:
        async def check(candidate: Candidate) -> CheckResult:
            return checkers.is_choice(_said(candidate), self.choices)

        return await _check_all("choice", candidates, check)


@dataclass(frozen=True, slots=True)
class ValueCheck(Reward):
    """Whether the answer is mathematically equivalent to `value`, a known check of the result."""

    name = "value"
    scores_prefixes = False

    value: str

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self, question: Question, candidates: Sequence[Candidate], door: Door, prompts: PromptSet
    ) -> list[Score]:
        async def check(candidate: Candidate) -> CheckResult:
            if candidate.answer is None:
                return CheckResult(None, "no answer")
            return await checkers.is_equivalent(candidate.answer, self.value)

        return await _check_all("value", candidates, check)


@dataclass(frozen=True, slots=True)
class CodeTests(Reward):
    """Runs candidate programs in a sandbox against tests: `tests` as given, else public ones.

    Public are the `examples` of the prompt's docstring and what the model writes: `samples`
    replies of at most `most` assertions in all. `public_tests` takes the row's own tests, which
    then are no measure any more: the run is marked as an oracle. With `agreement` the score of a
    program is that of dual execution (CodeT, arXiv:2207.10397): the share of programs that pass
    the same tests, times the share of tests that they pass; else the share of tests passed.
    Raises SandboxUnavailable, a plain sentence, where no sandbox is.
    """

    name = "code_tests"
    needs = frozenset({Need.SANDBOX})
    scores_prefixes = False

    tests: tuple[str, ...] = ()
    samples: Annotated[int, Ge(0)] = 2
    most: Annotated[int, Ge(1)] = 30
    agreement: bool = True
    examples: bool = False
    public_tests: bool = False

    def completions(self, candidates: int) -> int:
        return 0 if self.tests or not candidates else self.samples

    async def score(
        self, question: Question, candidates: Sequence[Candidate], door: Door, prompts: PromptSet
    ) -> list[Score]:
        if not candidates:
            return []
        await asyncio.to_thread(available_interpreter)
        given = question.public_tests if self.public_tests else None
        if given is None:
            counted = await self._counted(question, door, prompts)
            entry_point = entry_point_of(counted)
            suite = Suite(tuple(counted), header_of(question.text, entry_point), entry_point)
        elif (own := suite_of(given.data, question.text)) is None:
            return await _print_right(pairs_of(given.data), candidates)
        else:
            counted, suite = {}, own
        if not suite.tests:
            return [Score(c.id, None, self.name, "no test could be read") for c in candidates]
        programs = [program_in(c.text, suite.entry_point, question.text) for c in candidates]
        reports = await _reports(programs, suite)
        passed = [report.passed for report in reports]
        agreed = agreement(passed, programs, [float(counted.get(t, 1)) for t in suite.tests])
        values = agreed.scores if self.agreement else [report.share for report in reports]
        return [
            Score(
                candidate.id,
                value,
                self.name,
                report.reason,
                {"passed": list(report.passed), "class": number},
            )
            for candidate, value, report, number in zip(
                candidates, values, reports, agreed.classes, strict=True
            )
        ]

    async def _counted(self, question: Question, door: Door, prompts: PromptSet) -> dict[str, int]:
        """Tests, and how often each was written."""
        if self.tests:
            return dict.fromkeys(self.tests, 1)
        counted = dict.fromkeys(examples_in(question.text), 1) if self.examples else {}
        written = await self._written(question, door, prompts) if self.samples else {}
        return counted | written

    async def _written(self, question: Question, door: Door, prompts: PromptSet) -> dict[str, int]:
        """Assertions that the model wrote, with how often each was written, by that."""
        request = door.request(prompts.render("write_tests", question))
        replies = await asyncio.gather(
            *(ask(door, request, f"tests/{i}") for i in range(self.samples))
        )
        counts: dict[str, int] = {}
        for reply in filter(None, replies):
            for assertion in assertions_in(reply.text, self.most):
                counts[assertion] = counts.get(assertion, 0) + 1
        often = sorted(counts, key=lambda test: -counts[test])
        return {test: counts[test] for test in often[: self.most]}


async def _reports(programs: Sequence[str], suite: Suite) -> list[TrialReport]:
    """A report for each program; programs of the same text are run once."""
    distinct = list(dict.fromkeys(programs))
    reports = await asyncio.gather(*(run_tests(program, suite) for program in distinct))
    found = dict(zip(distinct, reports, strict=True))
    return [found[program] for program in programs]


async def _print_right(
    pairs: Sequence[tuple[str, str]], candidates: Sequence[Candidate]
) -> list[Score]:
    async def check(candidate: Candidate) -> CheckResult:
        return await run_pairs(program_in(candidate.text), pairs)

    return await _check_all("code_tests", candidates, check)


async def _check_all(
    name: str,
    candidates: Sequence[Candidate],
    check: Callable[[Candidate], Awaitable[CheckResult]],
) -> list[Score]:
    async def one(candidate: Candidate) -> Score:
        verdict = await check(candidate)
        value = None if verdict.passed is None else float(verdict.passed)
        return Score(candidate.id, value, name, verdict.reason)

    return list(await asyncio.gather(*map(one, candidates)))


def _said(candidate: Candidate) -> str:
    return candidate.answer.text if candidate.answer else candidate.text
