"""Problems of three families, with their difficulty and the held-out split.

Families: `expression` (sums, products, exact quotients, brackets), `word` (a short story whose
first solving step is to write its expression) and `equation` (linear, one unknown). Difficulty runs
from 1 to 10 and is a function of the problem's state alone: about one unit for each addition of
three-digit numbers or product of a digit and a two-digit number.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from its_training.routes import choose_step
from its_training.steps import expression_value, is_number, valid_steps
from its_training.stories import tell_story

FAMILIES = ("expression", "word", "equation")
FAMILY_WEIGHTS = (0.5, 0.3, 0.2)
LEVELS = range(1, 11)

_ASKED = ("What is {}?", "Compute {}.", "Calculate {}", "How much is {}?", "{}=?", "{} =")
_EQUATIONS = ("Solve {}", "Solve for x: {}", "Find x: {}", "If {}, what is x?", "{}")


@dataclass(frozen=True)
class Problem:
    """A question, the expression or equation behind it, its answer and difficulty 1..10."""

    family: str
    question: str
    state: str
    answer: int
    difficulty: int

    @property
    def restated(self) -> bool:
        """Whether a solution begins by writing the expression."""
        return self.family == "word"


def split_of(state: str) -> str:
    """`test`, `dev` (2 % each) or `train`, by a hash of the expression or equation.

    The split knows nothing of family or wording: a held-out expression is in no story either, and
    in no lesson of any skill.
    """
    bucket = int.from_bytes(hashlib.sha256(state.encode()).digest()[:4], "big") % 100
    return "test" if bucket < 2 else "dev" if bucket < 4 else "train"


def draw_problem(rng: random.Random, split: str, level: int | None = None) -> Problem:
    """One problem of a split; difficulty uniform over 1..10 unless `level` is given."""
    wanted = rng.choice(LEVELS) if level is None else level
    family = rng.choices(FAMILIES, FAMILY_WEIGHTS)[0]
    while True:
        state, question = _draft(rng, family, wanted)
        if not state or is_number(state) or split_of(state) != split:
            continue
        answer = expression_value(state)
        if answer is not None and max(1, _cost(state)) == wanted:
            return Problem(family, question, state, answer, wanted)


def held_out_problems(split: str, count: int, seed: int) -> list[Problem]:
    """`count` distinct problems of a held-out split, equally many of each difficulty."""
    rng = random.Random(f"{split}:{seed}")
    problems: dict[str, Problem] = {}
    while len(problems) < count:
        problem = draw_problem(rng, split, level=len(problems) % 10 + 1)
        problems.setdefault(problem.state, problem)
    return list(problems.values())


def difficulty_of(state: str) -> int:
    """The difficulty 1..10 of an expression or equation: its cost along the left-first route."""
    return max(1, min(10, _cost(state)))


def _cost(state: str) -> int:
    cost = 0.0
    while not is_number(state):
        step = choose_step(valid_steps(state), "step_by_step", random.Random(0))
        cost += _step_cost(step.operation)
        state = step.state
    return round(cost)


def _step_cost(operation: str) -> float:
    for sign in "*/":
        if sign in operation:
            digits = sum(map(str.isdigit, operation))
            return 0.5 if digits <= 2 else 1.0
    longest = max(map(len, operation[1:].replace("-", "+").split("+")))
    return {1: 0.4, 2: 0.7, 3: 1.0}.get(longest, 1.2)


def _draft(rng: random.Random, family: str, level: int) -> tuple[str, str]:
    """Expression and question of a problem near a level; the first is empty where the drawing did
    not come out whole."""
    if family == "word":
        events = max(1, round(level * rng.uniform(0.45, 1.1)))
        return tell_story(rng, events, _largest(level))
    operations = max(1, round(level * rng.uniform(0.5, 1.0)))
    if family == "expression":
        state = _expression(rng, operations, _largest(level))
        return state, _dressed(rng, state, _ASKED, bare=0.6)
    state = _equation(rng, max(0, operations - 2), _largest(level))
    return state, _dressed(rng, state, _EQUATIONS, bare=0.0)


def _largest(level: int) -> int:
    return 50 if level == 1 else 99 if level == 2 else 999


def _dressed(rng: random.Random, state: str, forms: tuple[str, ...], bare: float) -> str:
    text = state
    if rng.random() < 0.15:
        for sign in "+-*/=":
            text = text.replace(sign, f" {sign} ")
    return text if rng.random() < bare else rng.choice(forms).format(text)


def _plain(rng: random.Random, largest: int) -> int:
    return rng.randint(2, min(99, largest)) if rng.random() < 0.5 else rng.randint(2, largest)


def _term(rng: random.Random, largest: int) -> str:
    """A number, product, quotient or bracketed product."""
    kind = rng.random()
    if kind < 0.5:
        return str(_plain(rng, largest))
    digit = rng.randint(2, 9)
    if kind < 0.78:
        pair = [str(digit), str(rng.randint(2, 99))]
        rng.shuffle(pair)
        return "*".join(pair)
    if kind < 0.87:
        return f"{digit * rng.randint(2, 99)}/{digit}"
    total = rng.randint(5, 99)
    first = rng.randint(2, total - 2)
    bracket = f"({first}+{total - first})"
    if rng.random() < 0.5:
        larger = rng.randint(total + 2, total + 99) if total < 90 else 99 + rng.randint(1, 20)
        bracket = f"({larger}-{larger - total})"
    return f"{bracket}*{digit}" if rng.random() < 0.5 else f"{digit}*{bracket}"


def _expression(rng: random.Random, operations: int, largest: int) -> str:
    """A sum of terms with about so many operations, never below zero from left to right."""
    text, total = "", 0
    while not text or sum(map(text.count, "+-*/")) < operations:
        term = _term(rng, largest)
        value = int(term) if term.isdigit() else expression_value(term) or 0
        if not text:
            text, total = term, value
        elif value <= total and rng.random() < 0.5:
            text, total = f"{text}-{term}", total - value
        else:
            text, total = f"{text}+{term}", total + value
    return text


def _equation(rng: random.Random, operations: int, largest: int) -> str:
    """`a*x+b=` an expression whose value makes x whole; `a` or `b` may be missing."""
    factor = rng.randint(2, 9) if rng.random() < 0.85 else 1
    unknown = rng.randint(2, 99)
    constant = _plain(rng, largest) if factor == 1 or rng.random() < 0.85 else 0
    if constant and constant < factor * unknown and rng.random() < 0.4:
        constant = -constant
    right = factor * unknown + constant
    left = (f"{factor}*x" if factor > 1 else "x") + (f"{constant:+d}" if constant else "")
    if operations == 0:
        return f"{left}={right}"
    text = _expression(rng, operations, largest)
    value = expression_value(text) or 0
    gap = right - value
    if gap:
        text = f"{text}{gap:+d}"
    return f"{left}={text}"
