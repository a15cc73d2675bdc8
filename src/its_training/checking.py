"""The exact check of a solution: which lines follow from the lines before, and what is right.

This is the teacher of the verifier, and the judge of what the models write; no model is involved.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from its_training.routes import STYLES, line_of, middle_of
from its_training.steps import evaluate_operation, is_number, valid_steps

TOP_SCORE = 9
MISTAKE = "?"


@dataclass(frozen=True)
class Verdict:
    """Whether a line follows from the one before, and the line as the verifier writes it: as it
    stands, with a `?` before the first character with which no right line goes on."""

    ok: bool
    shown: str


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
            verdicts.append(_verdict(line, [state]))
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
    """A check as the verifier writes it: `5*24=100+20=120; 123+120-37 ok` a line, or
    `5*24=100+20=1?30; 123+130-37 wrong`; last `Score: 0`."""
    lines = [f"{v.shown} {'ok' if v.ok else 'wrong'}" for v in check.verdicts]
    return "\n".join([*lines, f"Score: {check.score}"])


def _check_line(state: str, line: str) -> tuple[Verdict, str]:
    """The verdict on a line, and the state it claims to leave."""
    shown, _, claimed = line.partition("; ")
    operation, *way = shown.split("=")
    if not claimed and "x" in shown:  # a term moved across the equation
        claimed = line
    right = {line_of(step, m) for step in valid_steps(state) for m in _ways(step.operation)}
    fair = len(way) == 2 and evaluate_operation(way[0]) == evaluate_operation(operation)
    if fair:
        right |= {line_of(s, way[0]) for s in valid_steps(state) if s.operation == operation}
    return _verdict(line, right), claimed or shown.rpartition("=")[2]


@lru_cache(maxsize=100_000)
def _ways(operation: str) -> frozenset[str]:
    """How the styles split an operation, and that they may leave it whole."""
    return frozenset({"", *(middle_of(operation, style, random.Random(0)) for style in STYLES)})


def _verdict(line: str, right: Collection[str]) -> Verdict:
    """A line beside all that would be right."""
    agreed = max((_agreement(line, other) for other in right), default=0)
    if line in right:
        return Verdict(True, line)
    return Verdict(False, line[:agreed] + MISTAKE + line[agreed:])


def _agreement(a: str, b: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(a, b, strict=False))
    return next((i for i, (x, y) in pairs if x != y), min(len(a), len(b)))
