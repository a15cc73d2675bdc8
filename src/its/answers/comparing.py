"""Comparing answers with each other (to vote) and with a reference (to grade)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from its.answers.equivalence import DEFAULT, Equivalence, NormalForm
from its.answers.latex import strip_wrapping
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

    @property
    def worker_pid(self) -> int | None:
        """The id of the symbolic worker's process while one runs."""
        return None if self._worker is None else self._worker.pid

    def same(self, a: Answer, b: Answer) -> bool:
        """Whether two answers have one normal form."""
        return a == b or normal_form(a, self.rules) == normal_form(b, self.rules)

    async def decide(self, a: Answer, b: Answer) -> bool:
        """Whether two answers are equivalent, symbolically where normal forms cannot tell."""
        return await self._decide(_Read.of(a, self.rules), _Read.of(b, self.rules))

    async def classes(self, answers: Sequence[Answer | None]) -> list[int | None]:
        """A class number for each answer, from 0 in the order of first occurrence; None abstains.

        An answer joins the first class whose first member it equals, else it founds one. So the
        numbers of a prefix never depend on what comes after it.
        """
        founders: list[_Read] = []
        known: dict[NormalForm, int] = {}
        met: dict[Answer | None, int | None] = {None: None}
        for answer in answers:
            if answer is None or answer in met:
                continue
            read = _Read.of(answer, self.rules)
            if read.form not in known:
                known[read.form] = await self._class_of(read, founders)
                if known[read.form] == len(founders):
                    founders.append(read)
            met[answer] = known[read.form]
        return [met[answer] for answer in answers]

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

    async def _class_of(self, read: _Read, founders: list[_Read]) -> int:
        """The first class that a form not met so far belongs to; one past the last if none."""
        for number, founder in enumerate(founders):
            if _undecided(read, founder) and await self._decide(read, founder):
                return number
        return len(founders)

    async def _decide(self, a: _Read, b: _Read) -> bool:
        if a.form == b.form:
            return True
        if self._worker is None or not _undecided(a, b):
            return False
        first, second = sorted(strip_wrapping(read.text).replace("$", "") for read in (a, b))
        pair = first, second
        if pair not in self._verdicts:
            verdict = await self._worker.same(*pair)
            if len(self._verdicts) >= _MOST_REMEMBERED:
                del self._verdicts[next(iter(self._verdicts))]
            self._verdicts[pair] = verdict is True
        return self._verdicts[pair]


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer with its normal form."""

    text: str
    form: NormalForm
    open: bool
    """Whether symbolic mathematics may find it equal to one of another form."""

    @staticmethod
    def of(answer: Answer, rules: Equivalence) -> _Read:
        form = normal_form(answer, rules)
        is_open = not form.exact and len(answer.text) <= _LONGEST_SYMBOLIC
        return _Read(answer.text, form, is_open)


def _undecided(a: _Read, b: _Read) -> bool:
    """Whether two answers of different normal forms may be equal all the same."""
    if not (a.open or b.open) or max(len(a.text), len(b.text)) > _LONGEST_SYMBOLIC:
        return False
    return not any(read.form.shape in ("text", "choice", "code") for read in (a, b))
