"""One answer against what its row says is right: a verifier, a reference, or a recorded flag."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Literal, cast, get_args

import orjson

from its.answers import Comparer, Equivalence, extract
from its.answers.abstention import gives_no_answer
from its.candidates import Answer
from its.errors import SandboxUnavailable
from its.grading.verifying import EXACT, verify
from its.problems.problem import AnswerKind, Problem, Question
from its.verifiers.extracting import asked_function, block_that_defines

Flag = Callable[[Question, str], bool | None]
"""Says of a question and a text whether it was recorded as right; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict (None where nothing can give one), what gave it, and in plain words why.

    `by` is "reference", "recorded", or the kind of the row's verifier.
    """

    correct: bool | None
    by: str | None = None
    reason: str = ""


UNGRADED = Grade(None)


@dataclass(frozen=True, slots=True)
class GradingSettings:
    """How answers are read and compared: `answers` of a pipeline."""

    kind: AnswerKind = "auto"
    units: Literal["ignore", "keep"] = "ignore"
    percent: Literal["ignore", "value", "keep"] = "ignore"
    symbolic: bool = True

    @staticmethod
    def of(configuration: Mapping[str, Any]) -> GradingSettings:
        """The settings in a run's configuration, as far as it holds any that can be used."""
        answers = configuration.get("answers")
        known = answers if isinstance(answers, Mapping) else {}
        return GradingSettings(
            cast(AnswerKind, _one_of(known.get("kind"), get_args(AnswerKind), "auto")),
            cast(Any, _one_of(known.get("units"), ("ignore", "keep"), "ignore")),
            cast(Any, _one_of(known.get("percent"), ("ignore", "value", "keep"), "ignore")),
            known.get("symbolic") is not False,
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def comparer(self) -> Comparer:
        return Comparer(Equivalence(self.units, self.percent), symbolic=self.symbolic)


class Grader:
    """Grades answers with a comparer and the pipeline's kind of answer. `flag` knows recorded
    verdicts, which count before anything else."""

    def __init__(
        self, comparer: Comparer, kind: AnswerKind = "auto", flag: Flag | None = None
    ) -> None:
        self.comparer = comparer
        self.kind = kind
        self._flag = flag

    def for_problem(self) -> Grader:
        """The same grader with an allowance of its own for symbolic mathematics: what one
        problem's answers cost, no other problem pays."""
        return Grader(self.comparer.for_problem(), self.kind, self._flag)

    def kind_of(self, question: Question) -> AnswerKind:
        """The row's own kind of answer, else the pipeline's; a choice where there are choices."""
        if question.choices:
            return "choice"
        return self.kind if question.kind == "auto" else question.kind

    def read(self, text: str, question: Question) -> Answer | None:
        """The answer in a text, read as a run reads it."""
        return read_answer(text, question, self.kind_of(question))

    async def grade(
        self, problem: Problem, answer: Answer | None, text: str = "", *, declined: bool = False
    ) -> Grade:
        """Whether an answer, and the text it was read from, is right. No answer is a wrong one,
        unless the reference says that there is none and the model `declined` to give one: nothing
        was cut short or lost."""
        if self._flag is not None and answer is not None:
            recorded = self._flag(problem.question, text or answer.text)
            if recorded is not None:
                return Grade(recorded, "recorded", "as recorded with the sample")
        verifier = problem.verifier
        if verifier is not None and verifier.kind in EXACT:
            if answer is None and not text:
                return Grade(False, verifier.kind, "no answer")
            try:
                verdict = await verify(problem, answer, text, self.comparer)
            except SandboxUnavailable as error:
                return Grade(None, verifier.kind, str(error))
            return Grade(verdict.passed, verifier.kind, verdict.reason)
        return await self._by_reference(problem, answer, declined)

    async def _by_reference(self, problem: Problem, answer: Answer | None, declined: bool) -> Grade:
        if problem.reference is None:
            return UNGRADED
        if answer is None and declined and _says_none(problem.reference):
            return Grade(True, "reference", "there is no answer, as the reference says")
        kind = self.kind_of(problem.question)
        correct = await self.comparer.grade(answer, problem.reference, kind)
        return UNGRADED if correct is None else Grade(correct, "reference")


def _says_none(reference: object) -> bool:
    """Whether a reference says that there is no answer: "unanswerable", "cannot be determined"."""
    return isinstance(reference, str) and gives_no_answer(reference)


def read_answer(text: str, question: Question, kind: AnswerKind) -> Answer | None:
    """The answer in a text; of several programs the last that defines what is asked for."""
    answer = extract(text, kind, question.choices)
    name = asked_function(question.text) if kind == "code" and answer is not None else None
    block = None if name is None else block_that_defines(text, name)
    return answer if block is None else Answer(block.strip("\n"), "code")


def grading_key(problem: Problem) -> str | None:
    """What a problem is graded against, in few characters: it changes when a reference or a
    verifier is corrected or added. None where nothing grades it."""
    if not problem.graded:
        return None
    verifier = problem.verifier
    graded = [problem.reference, verifier and [verifier.kind, dict(verifier.data)]]
    written = orjson.dumps(graded, default=str, option=orjson.OPT_SORT_KEYS)
    return blake2b(written, digest_size=8).hexdigest()


def _one_of(value: Any, allowed: tuple[str, ...], otherwise: str) -> str:
    return value if value in allowed else otherwise
