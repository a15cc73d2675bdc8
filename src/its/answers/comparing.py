"""Comparing answers with each other (to vote) and with a reference (to grade)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from its.answers.equivalence import DEFAULT, Equivalence, NormalForm
from its.answers.latex import strip_wrapping, tidy
from its.answers.normal_form import normal_form
from its.answers.references import accepted_answers
from its.answers.sentences import complement
from its.answers.symbolic import SymbolicWorker, is_mathematics, symbolic_available
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
    needed. Verdicts are remembered (up to 100,000), and so is an answer that ran out of time twice:
    it is not asked about again. Without the `math` extra, or with `symbolic=False`, normal forms
    alone decide.
    """

    def __init__(
        self, rules: Equivalence = DEFAULT, *, symbolic: bool = True, cpu_seconds: float = 0.8
    ) -> None:
        self.rules = rules
        self._cpu_seconds = cpu_seconds
        self._worker = SymbolicWorker(cpu_seconds) if symbolic and symbolic_available() else None
        self._verdicts: dict[tuple[str, str], bool] = {}
        self._late: Counter[str] = Counter()
        self._allowance: _Allowance | None = None

    def for_problem(self) -> Comparer:
        """The same comparer, with one allowance of processor time for all that it is asked: 2
        seconds. What this problem's answers cost, no other problem pays."""
        own = copy(self)
        own._allowance = _Allowance()
        return own

    @property
    def seconds_left(self) -> float:
        """The processor time that this problem's comparisons may still take."""
        return (self._allowance or _Allowance()).seconds

    @property
    def symbolic(self) -> bool:
        """Whether symbolic mathematics is available."""
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
        allowance = self._allowance or _Allowance()
        return await self._decide(_Read.of(a, self.rules), _Read.of(b, self.rules), allowance)

    async def classes(self, answers: Sequence[Answer | None]) -> list[int | None]:
        """A class number for each answer, from 0 in the order of first occurrence; None abstains.

        An answer joins the first class whose first member it equals, else it founds one. So the
        numbers of a prefix never depend on what comes after it. "The colour is blue" joins the
        class of "blue", and the other way round.
        """
        allowance = self._allowance or _Allowance()
        founders: list[_Read] = []
        known: dict[NormalForm, int] = {}
        met: dict[Answer | None, int | None] = {None: None}
        for answer in answers:
            if answer is None or answer in met:
                continue
            read = _Read.of(answer, self.rules)
            if read.form not in known:
                known[read.form] = await self._class_of(read, founders, allowance)
                if known[read.form] == len(founders):
                    founders.append(read)
            met[answer] = known[read.form]
        return [met[answer] for answer in answers]

    async def grade(
        self, answer: Answer | None, reference: Any, kind: AnswerKind = "auto"
    ) -> bool | None:
        """Whether an answer is right; None without a reference that can be compared.

        No answer is a wrong one. A list as reference holds answers each of which is right. An
        answer that is written as its reference is right whatever the kind.
        """
        accepted = accepted_answers(reference, kind)
        if not accepted:
            return None
        if answer is None:
            return False
        if any(answer.text.strip() == right.text.strip() for right in accepted):
            return True
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

    async def _class_of(self, read: _Read, founders: list[_Read], allowance: _Allowance) -> int:
        """The first class that a form not met so far belongs to; one past the last if none."""
        for number, founder in enumerate(founders):
            if read.settled and founder.settled:
                continue
            if await self._decide(read, founder, allowance):
                return number
        return len(founders)

    async def _decide(self, a: _Read, b: _Read, allowance: _Allowance) -> bool:
        if b.form in (a.form, a.said) or a.form == b.said:
            return True
        if self._worker is None or not _undecided(a, b):
            return False
        first, second = sorted((a.written, b.written))
        if (first, second) not in self._verdicts:
            verdict = await self._asked(self._worker, first, second, allowance)
            if verdict is None:
                return False
            if len(self._verdicts) >= _MOST_REMEMBERED:
                del self._verdicts[next(iter(self._verdicts))]
            self._verdicts[first, second] = verdict
        return self._verdicts[first, second]

    async def _asked(
        self, worker: SymbolicWorker, first: str, second: str, allowance: _Allowance
    ) -> bool | None:
        """A verdict to remember; None where nothing was asked, for want of time."""
        seconds = min(self._cpu_seconds, allowance.seconds)
        if seconds <= 0 or max(self._late[first], self._late[second]) > 1:
            return None
        reply = await worker.ask(first, second, seconds)
        allowance.seconds -= reply.seconds
        if reply.out_of_time:
            self._late.update((first, second))
            if seconds < self._cpu_seconds:
                return None
        return reply.same is True


@dataclass(slots=True)
class _Allowance:
    """The processor time that is left for one problem's comparisons."""

    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer with its normal form, and the form of what it says where it is a sentence."""

    form: NormalForm
    said: NormalForm | None
    written: str
    """As it is put to symbolic mathematics."""

    open: bool
    """Whether symbolic mathematics may find it equal to one of another form."""

    @property
    def settled(self) -> bool:
        """Whether its form alone says what it equals."""
        return self.said is None and not self.open

    @staticmethod
    def of(answer: Answer, rules: Equivalence) -> _Read:
        form = normal_form(answer, rules)
        short = len(answer.text) <= _LONGEST_SYMBOLIC
        words = form.shape in _WORDS or not short
        written = answer.text if words else strip_wrapping(answer.text).replace("$", "")
        said = complement(answer.text) if form.shape == "text" else None
        stated = normal_form(Answer(said, "text"), rules) if said else None
        return _Read(form, stated, written, short and not form.exact)


_WORDS = frozenset(("text", "choice", "code", "exact", "literal", "notation"))


def _undecided(a: _Read, b: _Read) -> bool:
    """Whether two answers of different normal forms may be equal all the same."""
    if not (a.open or b.open) or max(len(a.written), len(b.written)) > _LONGEST_SYMBOLIC:
        return False
    if any(read.form.shape in _WORDS for read in (a, b)):
        return False
    return all(is_mathematics(tidy(read.written)) for read in (a, b))
