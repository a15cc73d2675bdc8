"""Comparing answers with each other (to vote) and with a reference (to grade)."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from its.answers.equivalence import DEFAULT, Equivalence, NormalForm
from its.answers.normal_form import normal_form
from its.answers.references import accepted_answers
from its.answers.symbolic import SymbolicWorker, symbolic_available
from its.candidates import Answer
from its.problems.problem import AnswerKind

NOTICE = (
    "answers are compared without symbolic mathematics (exact values and numeric identity only); "
    "install its[math] to compare symbolically too"
)
_MOST_REMEMBERED = 100_000
_LONGEST_SYMBOLIC = 400


def equivalent(a: Answer, b: Answer, rules: Equivalence = DEFAULT) -> bool:
    """Whether two answers have one normal form: fast, transitive, without symbolic mathematics."""
    return normal_form(a, rules) == normal_form(b, rules)


class Comparer:
    """Decides which answers are the same, by normal form first and symbolically where that fails.

    Use it in an `async with`: leaving it ends its worker process, which starts only when first
    needed. Verdicts are remembered (up to 100,000). Without the `math` extra, or with
    `symbolic=False`, normal forms alone decide.
    """

    def __init__(
        self, rules: Equivalence = DEFAULT, *, symbolic: bool = True, cpu_seconds: float = 2.0
    ) -> None:
        self.rules = rules
        self._worker = SymbolicWorker(cpu_seconds) if symbolic and symbolic_available() else None
        self._verdicts: dict[tuple[str, str], bool] = {}

    @property
    def symbolic(self) -> bool:
        """Whether symbolic mathematics is at hand."""
        return self._worker is not None

    def same(self, a: Answer, b: Answer) -> bool:
        """Whether two answers have one normal form."""
        return normal_form(a, self.rules) == normal_form(b, self.rules)

    async def decide(self, a: Answer, b: Answer) -> bool:
        """Whether two answers are equivalent, symbolically where normal forms cannot tell."""
        forms = normal_form(a, self.rules), normal_form(b, self.rules)
        if forms[0] == forms[1]:
            return True
        if self._worker is None or not _worth_asking(forms, (a, b)):
            return False
        pair = (a.text, b.text) if a.text <= b.text else (b.text, a.text)
        if pair not in self._verdicts:
            verdict = await self._worker.same(*pair)
            if len(self._verdicts) >= _MOST_REMEMBERED:
                del self._verdicts[next(iter(self._verdicts))]
            self._verdicts[pair] = verdict is True
        return self._verdicts[pair]

    async def classes(self, answers: Sequence[Answer | None]) -> list[int | None]:
        """A class number for each answer, from 0 in the order of first occurrence; None abstains.

        An answer joins the first class whose first member it equals, else it founds one. So the
        numbers of a prefix never depend on what comes after it.
        """
        founders: list[Answer] = []
        known: dict[NormalForm, int] = {}
        numbers: list[int | None] = []
        for answer in answers:
            if answer is None:
                numbers.append(None)
                continue
            form = normal_form(answer, self.rules)
            if form not in known:
                known[form] = await self._class_of(answer, founders)
                if known[form] == len(founders):
                    founders.append(answer)
            numbers.append(known[form])
        return numbers

    async def grade(
        self, answer: Answer | None, reference: Any, kind: AnswerKind = "auto"
    ) -> bool | None:
        """Whether an answer is right; None without a reference that can be compared.

        No answer is a wrong one. A list as reference holds answers each of which is right.
        """
        accepted = accepted_answers(reference, kind)
        if not accepted:
            return None
        if answer is None:
            return False
        for right in accepted:
            if await self.decide(answer, right):
                return True
        return False

    async def close(self) -> None:
        if self._worker is not None:
            await self._worker.close()

    async def __aenter__(self) -> Comparer:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _class_of(self, answer: Answer, founders: list[Answer]) -> int:
        for number, founder in enumerate(founders):
            if await self.decide(answer, founder):
                return number
        return len(founders)


def _worth_asking(forms: tuple[NormalForm, NormalForm], answers: tuple[Answer, Answer]) -> bool:
    """Whether symbolic mathematics could find two answers equal whose normal forms differ."""
    if any(form.shape in ("text", "choice", "code") for form in forms):
        return False
    if all(form.exact for form in forms):
        return False
    return all(len(answer.text) <= _LONGEST_SYMBOLIC for answer in answers)
