"""Grading by a model: free text and rubrics, after a problem is solved, on a bill of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import orjson

from its.answers.equivalence import NormalForm
from its.answers.normal_form import normal_form
from its.answers.references import accepted_answers
from its.answers.thinking import after_thinking
from its.calls.account import Account
from its.calls.budget import Budget, Cap
from its.calls.client import ModelClient
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.errors import CallError
from its.grading.grader import Grader
from its.grading.regrading import grading_of, with_verdict
from its.problems.problem import Problem
from its.prompts import PromptSet, kind_of
from its.prompts.fencing import fenced_by_name
from its.rewards.verdicts import yes_no

GRADING = "grading"
"""The stage of every call that grades: it has a bill of its own in `compute.json`."""

_LONGEST = 20_000
_REASON = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of a response: None where it says nothing, or not the same in both
    orders. `settled` is false where a call failed: it is asked again another time."""

    correct: bool | None
    reason: str
    settled: bool = True


@dataclass(frozen=True, slots=True)
class ModelGrader:
    """Grades rows by a model. `rows` are the `open` ones, which nothing exact can grade, or `all`.

    The model sees the question, the reference or the rubric, and the response; what it says goes
    into the row, and nowhere else.
    """

    client: ModelClient
    prompts: PromptSet
    context: CallContext
    grader: Grader
    rows: Literal["open", "all"] = "open"

    def wants(self, row: Mapping[str, Any], problem: Problem) -> bool:
        """Whether a row is to be graded by this model and is not yet."""
        if row["status"] != "answered" or not self._gradable(problem):
            return False
        if self.rows == "open" and not self._decides(row, problem):
            return False
        return (grading_of(row).get("model") or {}).get("grader") != self._mark()

    async def grade(self, row: dict[str, Any], problem: Problem) -> dict[str, Any]:
        """The row with the model's verdict, and the greedy pass beside it likewise."""
        if not self.wants(row, problem):
            return row
        said = row["answer"] if problem.reference is not None else row["solution"]
        verdict = await self._verdict(problem, said or row["answer"])
        decides, baseline = self._decides(row, problem), row.get("baseline")
        graded = with_verdict(row, self._as_dict(verdict), decides)
        if decides and baseline and baseline["answer"]:
            again = await self._verdict(problem, baseline["answer"])
            graded["baseline"] = {**baseline, "correct": again.correct}
        return graded

    def _decides(self, row: Mapping[str, Any], problem: Problem) -> bool:
        """Whether the verdict is the row's grade: what is recorded with a sample goes first."""
        return grading_of(row).get("by") != "recorded" and is_open(problem, self.grader)

    def _gradable(self, problem: Problem) -> bool:
        return problem.reference is not None or rubric_of(problem) is not None

    async def _verdict(self, problem: Problem, response: str) -> Verdict:
        """One call for a rubric alone; with a reference both orders, which must agree."""
        response = after_thinking(response)[0].strip()[-_LONGEST:]
        door, said = self._door(problem), []
        for number, texts in enumerate(_orders(problem, response)):
            prompt = "grade_reference" if rubric_of(problem) is None else "grade_rubric"
            values = {"texts": texts, "rubric": rubric_of(problem) or ""}
            request = door.request(
                self.prompts.render(prompt, problem.question, **values), temperature=0.0
            )
            digest = blake2b(orjson.dumps(request.as_dict()["messages"]), digest_size=8).hexdigest()
            try:
                reply = await door.complete(request, f"{number}/{digest}")
            except CallError as error:
                return Verdict(None, f"the grading model could not be asked: {error}", False)
            said.append((yes_no(reply.text), _reason(reply.text)))
        verdicts = {verdict for verdict, _ in said}
        if None in verdicts:
            return Verdict(None, "the grading model gave no verdict")
        if len(verdicts) > 1:
            return Verdict(None, "the verdict depends on the order of reference and response")
        return Verdict(*said[0])

    def _door(self, problem: Problem) -> StageDoor:
        """A door of its own, under a key of its own: the problem's account holds no grading."""
        key, journal = (
            blake2b(b"grading" + problem.key, digest_size=16).digest(),
            self.context.journal,
        )
        account = Account(key, problem.index, journal.calls_of(key), journal.decisions_of(key))
        return StageDoor(self.context, account, self.client, GRADING, GRADING, Budget(Cap()))

    def _mark(self) -> str:
        """The grader in few characters: another model or prompt is another grader."""
        written = orjson.dumps([self.client.name, self.prompts.identity()])
        return blake2b(written, digest_size=8).hexdigest()

    def _as_dict(self, verdict: Verdict) -> dict[str, Any]:
        return {
            "name": self.client.name,
            "correct": verdict.correct,
            "reason": verdict.reason,
            "grader": self._mark() if verdict.settled else None,
        }


def is_open(problem: Problem, grader: Grader) -> bool:
    """Whether nothing exact can say which answers are right: a rubric, or a reference in words."""
    if problem.verifier is not None:
        return problem.verifier.kind == "rubric"
    if problem.reference is None:
        return False
    kind = grader.kind_of(problem.question)
    if kind == "auto":
        kind = kind_of(problem.question)
    if kind in ("text", "code"):
        return True
    accepted = accepted_answers(problem.reference, kind)
    return all(_in_words(normal_form(answer)) for answer in accepted)


def _in_words(form: NormalForm) -> bool:
    """Whether an answer is a text, or a list of texts."""
    parts = form.content if isinstance(form.content, Iterable) else ()
    if form.shape == "text":
        return True
    nested = [part for part in parts if isinstance(part, NormalForm)]
    return bool(nested) and all(map(_in_words, nested))


def rubric_of(problem: Problem) -> str | None:
    """The points of a rubric, a line each."""
    verifier = problem.verifier
    if verifier is None or verifier.kind != "rubric":
        return None
    rubric = verifier.data["rubric"]
    if isinstance(rubric, str):
        return rubric.strip()
    return "\n".join(
        f"- {point if isinstance(point, str) else _written(point)}" for point in rubric
    )


def _written(point: Any) -> str:
    return orjson.dumps(point, default=str).decode()


def _orders(problem: Problem, response: str) -> list[str]:
    """The texts to show: the response; with a reference the two in both orders."""
    if problem.reference is None:
        return [fenced_by_name({"response": response})["response"]]
    reference = problem.reference
    right = reference if isinstance(reference, str) else _written(reference)
    blocks = fenced_by_name({"reference": right[:_LONGEST], "response": response})
    first, second = blocks["reference"], blocks["response"]
    return [f"{first}\n\n{second}", f"{second}\n\n{first}"]


def _reason(text: str) -> str:
    """What a model says before its verdict, in one line."""
    said = after_thinking(text)[0].strip()
    before = said.rpartition("\n")[0] or said
    line = " ".join(before.split())
    return line if len(line) <= _REASON else f"{line[: _REASON - 1]}…"
