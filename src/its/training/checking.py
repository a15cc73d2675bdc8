"""The exact check of a solution: which lines follow from the lines before, and what is right.

This is the teacher of the verifier, and the judge of what the models write; no model is involved.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from its.training.routes import line_of, middle_of
from its.training.steps import Step, evaluate_operation, is_number, valid_steps

TOP_SCORE = 9


@dataclass(frozen=True)
class Verdict:
    """Whether a line follows from the one before, and the line's operation done right."""

    ok: bool
    recomputed: str


@dataclass(frozen=True)
class Check:
    """Verdicts of the working lines, and a score 0..9: 9 if all is right, else 0..4, the higher
    the later the first mistake."""

    verdicts: tuple[Verdict, ...]
    score: int


def check_solution(state: str, lines: list[str], restated: bool, complete: bool = True) -> Check:
    """Check a solution, or with `complete=False` its first lines, against its problem.

    `state` is the problem's true expression or equation; `restated` says that the first line must
    be that expression (word problems). A line is judged from the state the line before it left, so
    one slip makes one wrong line. An answer that is not the last value costs the top score.
    """
    verdicts: list[Verdict] = []
    current, done = state, False
    work = [line for line in lines if not line.startswith("Answer:")]
    for number, line in enumerate(work):
        if restated and number == 0:
            verdicts.append(Verdict(line == state, state))
            current = line
            continue
        verdict, current = _check_line(current, line)
        verdicts.append(verdict)
    done = is_number(current) and lines[-1:] == [f"Answer: {current}"]
    bad = [i for i, v in enumerate(verdicts) if not v.ok]
    if not bad and (done or (not complete and len(work) == len(lines))):
        return Check(tuple(verdicts), TOP_SCORE)
    first = bad[0] if bad else len(verdicts)
    return Check(tuple(verdicts), min(4, 5 * first // max(1, len(verdicts))))


def critique_text(check: Check) -> str:
    """A check as the verifier writes it: `5*24=120 ok` a line, then `Score: 9`."""
    lines = [f"{v.recomputed} {'ok' if v.ok else 'wrong'}" for v in check.verdicts]
    return "\n".join([*lines, f"Score: {check.score}"])


def _check_line(state: str, line: str) -> tuple[Verdict, str]:
    """The verdict on a line, and the state it claims to leave."""
    shown, _, claimed = line.partition("; ")
    parts = shown.split("=")
    if not claimed and "x" in shown:  # a term moved across the equation
        for step in valid_steps(state):
            if step.kind == "move" and not step.operation:
                return Verdict(step.state == line, step.state), line
        return Verdict(False, "?"), line
    operation, result = parts[0], parts[-1]
    left = claimed or result
    value = evaluate_operation(operation)
    if value is None or len(parts) not in (2, 3):
        return Verdict(False, "?"), left
    fair = len(parts) == 2 or evaluate_operation(parts[1]) == value
    matches = any(_agrees(step, operation, shown, line, parts) for step in valid_steps(state))
    sign = operation.lstrip("-").lstrip("0123456789")[0]
    middle = middle_of(Step(operation, value, "", sign, 0), "step_by_step", random.Random(0))
    shown_right = line_of(Step(operation, value, "0", sign, 0), middle)
    return Verdict(fair and matches, shown_right), left


def _agrees(step: Step, operation: str, shown: str, line: str, parts: list[str]) -> bool:
    middle = parts[1] if len(parts) == 3 else ""
    return step.operation == operation and line_of(step, middle) == line
