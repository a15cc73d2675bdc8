"""A row's own verifier applied to an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from its.answers import Comparer
from its.answers.normal_form import normal_form
from its.candidates import Answer
from its.errors import ConfigurationError
from its.problems.problem import Problem, RowVerifier
from its.verifiers import checkers
from its.verifiers.checkers import CheckResult
from its.verifiers.code import run_tests
from its.verifiers.extracting import program_in
from its.verifiers.standard_streams import run_pairs
from its.verifiers.suites import pairs_of, suite_of

EXACT = frozenset(("code_tests", "stdio", "schema", "regex", "value", "choice"))
"""Kinds that grade by themselves; a rubric needs a model."""

_JSON_FENCE = re.compile(r"^```(?:json)?[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


async def verify(
    problem: Problem, answer: Answer | None, text: str, comparer: Comparer
) -> CheckResult:
    """Whether an answer, and the text that it was read from, passes the row's verifier.

    Raises SandboxUnavailable where a program would have to run and cannot.
    """
    verifier = problem.verifier
    assert verifier is not None
    said = text or (answer.text if answer else "")
    match verifier.kind:
        case "code_tests" | "stdio":
            return await _program(problem, verifier.data, said)
        case "schema":
            return await _schema(verifier.data, said)
        case "regex":
            stated = answer.text if answer is not None and not answer.fallback else said
            return await _pattern(verifier.data, dict.fromkeys((stated.strip(), said.strip())))
        case "choice":
            return checkers.is_choice(
                answer.text if answer else said, [str(c) for c in verifier.data["choices"]]
            )
        case _:
            return await _value(verifier, problem.reference, answer, comparer)


async def _program(problem: Problem, data: Mapping[str, Any], said: str) -> CheckResult:
    prompt = problem.question.text
    suite = suite_of(data, prompt)
    if suite is None:
        return await run_pairs(program_in(said), pairs_of(data))
    report = await run_tests(program_in(said, suite.entry_point, prompt), suite)
    return CheckResult(bool(report.passed) and all(report.passed), report.reason)


async def _schema(data: Mapping[str, Any], said: str) -> CheckResult:
    fences = _JSON_FENCE.findall(said)
    try:
        return await checkers.fits_schema(fences[-1] if fences else said, data["schema"])
    except ConfigurationError as error:
        return CheckResult(None, str(error))


async def _pattern(data: Mapping[str, Any], texts: Iterable[str]) -> CheckResult:
    """Whether the stated answer, or all that was said, matches."""
    pattern = str(data["pattern"])
    try:
        checkers.check_pattern(pattern)
    except ConfigurationError as error:
        return CheckResult(None, str(error))
    verdict = CheckResult(False, "nothing was said")
    for text in texts:
        verdict = await checkers.matches(text, pattern)
        if verdict.passed is not False:
            break
    return verdict


async def _value(
    verifier: RowVerifier, reference: object, answer: Answer | None, comparer: Comparer
) -> CheckResult:
    """A number near enough, or else an equivalent answer."""
    expected = verifier.data.get("value", reference)
    if answer is None:
        return CheckResult(False, "no answer")
    right, given = _number(Answer(str(expected), "number")), _number(answer)
    if right is None or given is None:
        passed = await comparer.grade(answer, expected, answer.kind)
        return CheckResult(passed, "compared as an answer, since one of the two is no number")
    tolerance = Fraction(str(verifier.data.get("tolerance", 0)))
    allowed = tolerance * abs(right) if verifier.data.get("relative") else tolerance
    distance = abs(right - given)
    passed = distance <= allowed
    return CheckResult(passed, f"{'within' if passed else 'not within'} {float(allowed):g} of it")


def _number(answer: Answer) -> Fraction | None:
    form = normal_form(answer)
    if form.shape == "number" and isinstance(form.content, Fraction):
        return form.content
    try:
        return Fraction(answer.text.strip())
    except (ValueError, ZeroDivisionError):
        return None
