"""Solving one problem and recording how: the row, and the events behind it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from its.allocation.returns import History
from its.allocation.shared_budget import BatchBudget
from its.answers import Comparer
from its.calls.account import Account
from its.calls.budget import Budget, Cap
from its.calls.context import CallContext
from its.candidates import Selection
from its.errors import CallError, Unsupported
from its.grading.grader import Flag, Grader
from its.grading.regrading import grading_fields
from its.pipeline.attempting import Attempt
from its.pipeline.plan import Plan
from its.pipeline.solution import Baseline, Solution
from its.pipeline.unanswered import why_unanswered
from its.problems.problem import CODE_VERIFIERS, BadLine, Problem, Question
from its.prompts import kind_of, task_of
from its.strategies.greedy import Greedy

_HISTORIES = 20_000


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem's row and its events, in order."""

    solution: Solution
    events: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Solver:
    """Takes problems one at a time (many at once) through one plan.

    `baseline` adds one greedy pass beside it, charged, outside the problem's budget. `listen`
    takes every account as it is opened, for listeners that follow its events; `shared` is one
    budget for the whole batch.
    """

    plan: Plan
    context: CallContext
    comparer: Comparer
    baseline: bool = False
    listen: Callable[[Account], None] | None = None
    histories: dict[bytes, History] = field(default_factory=dict)
    shared: BatchBudget | None = None
    flag: Flag | None = None

    @property
    def grader(self) -> Grader:
        """Grades with the pipeline's settings, and by recorded flags where samples have them."""
        return Grader(self.comparer, self.plan.answer_kind, self.flag)

    async def solve(self, problem: Problem) -> Solved:
        """A row for every problem: what fails inside costs only this problem.

        Raises EndpointError when the endpoint is unusable for good, and RunDirectoryError when
        the run cannot be written.
        """
        alone = replace(self, comparer=self.comparer.for_problem())
        return await alone._solve(problem)

    async def _solve(self, problem: Problem) -> Solved:
        started = time.monotonic()
        account = self._open_account(problem)
        asked = _asked_with(problem, self.plan)
        account.note("question", **_asked(asked.question))
        if self.listen is not None:
            self.listen(account)
        attempt = Attempt(
            asked.question, self.plan, account, self.context, self.comparer, self.shared
        )
        nothing = await self.grader.grade(asked, None)
        solution = Solution(
            *(problem.id, problem.index, "failed"),
            question=problem.question.text,
            reference=problem.reference,
            metadata=problem.metadata,
            correct=nothing.correct,
            grading=grading_fields(nothing, problem),
        )
        try:
            if reason := self.plan.refusal(asked.question):
                raise Unsupported(reason)
            if self.baseline:
                baseline = await self._run_baseline(asked, account)
                solution = replace(solution, baseline=baseline)
            selection = await attempt.run()
            solution = await self._with_selection(solution, asked, attempt, selection)
        except CallError as error:
            solution = replace(solution, error=str(error))
            account.note("failure", error=str(error))
        finally:
            if self.shared is not None:
                self.shared.leave(problem.key)
        finished = replace(
            solution,
            difficulty=attempt.difficulty.value if attempt.difficulty else None,
            planned=attempt.planned,
            spent=account.budget.spent.completions,
            usage=account.usage,
            models=Counter(each.model for each in attempt.candidates if each.model),
            seconds=time.monotonic() - started,
        )
        if len(self.histories) < _HISTORIES:
            self.histories[problem.key] = await self._history(problem, attempt)
        return Solved(finished, tuple(account.events))

    def _open_account(self, problem: Problem) -> Account:
        journal = self.context.journal
        return Account(
            problem.key,
            problem.index,
            journal.calls_of(problem.key),
            journal.decisions_of(problem.key),
        )

    async def _with_selection(
        self, solution: Solution, problem: Problem, attempt: Attempt, selection: Selection
    ) -> Solution:
        chosen = selection.candidate
        if chosen is None or chosen.answer is None:
            reason = why_unanswered(attempt.account.events)
            grade = await self.grader.grade(problem, None, declined=reason is None)
            return replace(
                solution,
                status="unanswered",
                strategy=attempt.last_stage,
                error=reason,
                correct=grade.correct,
                grading=grading_fields(grade, problem),
            )
        grade = await self.grader.grade(problem, chosen.answer, chosen.text)
        return replace(
            solution,
            status="answered",
            answer=chosen.answer.text,
            solution=chosen.text,
            confidence=selection.confidence,
            verified=selection.verified,
            model=chosen.model or None,
            strategy=attempt.last_stage,
            correct=grade.correct,
            grading=grading_fields(grade, problem),
        )

    async def _history(self, problem: Problem, attempt: Attempt) -> History:
        """The classes of the candidates' answers in order; each class is graded once, where that
        takes no program to be run."""
        answers = [candidate.answer for candidate in attempt.candidates]
        classes = await attempt.choosing.answer_classes(attempt.candidates)
        verifier = problem.verifier
        if problem.reference is None or (verifier is not None and verifier.kind in CODE_VERIFIERS):
            return History(tuple(classes))
        right: dict[int | None, bool] = {None: False}
        for number, answer in zip(classes, answers, strict=True):
            if number not in right:
                right[number] = bool((await self.grader.grade(problem, answer)).correct)
        return History(tuple(classes), tuple(right[number] for number in classes))

    async def _run_baseline(self, problem: Problem, account: Account) -> Baseline:
        plan = self.plan
        attempt = Attempt(problem.question, plan, account, self.context, self.comparer)
        outcome = await Greedy().run(
            attempt.assignment("baseline", "greedy", plan.client, plan.prompts, Budget(Cap(1)))
        )
        answer = outcome.candidates[0].answer if outcome.candidates else None
        spent = account.usage_of("baseline")
        text = outcome.candidates[0].text if outcome.candidates else ""
        correct = (await self.grader.grade(problem, answer, text)).correct
        account.note("baseline", answer=answer.text if answer else None)
        return Baseline(answer.text if answer else None, correct, spent)


def _asked(question: Question) -> dict[str, Any]:
    """The question, and the form in which its answer is asked for."""
    choices = {"choices": question.choices} if question.choices else {}
    return {"text": question.text, "form": task_of(question)} | choices


def _asked_with(problem: Problem, plan: Plan) -> Problem:
    """The problem with its kind of answer: its own, else the pipeline's, else by its form; and
    with its tests in the open, where the pipeline makes them public."""
    question = problem.question
    if question.kind == "auto":
        question = replace(question, kind=plan.answer_kind)
    if plan.oracle and problem.verifier is not None and problem.verifier.kind in CODE_VERIFIERS:
        question = replace(question, public_tests=problem.verifier)
    return replace(problem, question=replace(question, kind=kind_of(question)))


def bad_line(line: BadLine) -> Solved:
    """A line that is no problem, as a failed row."""
    solution = Solution(line.id, line.index, "failed", error=line.reason)
    event = {"seq": 0, "time": round(time.time(), 3), "event": "failure", "error": line.reason}
    return Solved(solution, (event,))
