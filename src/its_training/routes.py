"""Routes: the same problem solved by truly different orders and kinds of step.

Each prompting style is a route. They share the single operations but meet them with different
operands, so their mistakes differ, and a vote over styles is worth more than one over repeats.
"""

from __future__ import annotations

import random
import re

from its_training.steps import Step, evaluate_operation, is_number, valid_steps

STYLES = ("step_by_step", "edge_cases", "backwards", "subproblems", "analogy")
ANY = "any"

_OPERATION = re.compile(r"^(-?\d+)([-+*/])(\d+)$")


def solution_lines(
    question_state: str, style: str, rng: random.Random, restate: bool = False
) -> list[str]:
    """A right solution of a state along a style's route, `Answer: N` last.

    `restate` writes the state itself as the first line (word problems, whose state is not in the
    question). `style` is one of STYLES or ANY, which takes any valid step at random.
    """
    lines = [question_state] if restate else []
    return lines + continued_lines(question_state, style, rng)


def continued_lines(state: str, style: str, rng: random.Random) -> list[str]:
    """The lines that lead from a state to `Answer: N` along a style's route."""
    lines: list[str] = []
    while not is_number(state):
        step = choose_step(valid_steps(state), style, rng)
        lines.append(line_of(step, middle_of(step.operation, style, rng)))
        state = step.state
    lines.append(f"Answer: {state}")
    return lines


def line_of(step: Step, middle: str = "") -> str:
    """A step as text: `5*24=120; 123+120-37`, with `=100+20` in the middle where there is one."""
    if not step.operation:
        return step.state
    shown = "=".join([step.operation, *filter(None, [middle]), str(step.value)])
    return shown if is_number(step.state) else f"{shown}; {step.state}"


def choose_step(steps: tuple[Step, ...], style: str, rng: random.Random) -> Step:
    """The step that a style takes next.

    step_by_step: leftmost. backwards: rightmost, terms of an equation moved first.
    edge_cases: signs first, i.e. subtractions (and moves), then products from the right.
    subproblems: products first from the left. analogy: products first from the right, then any sum.
    """
    moves = [s for s in steps if s.kind == "move"]
    inner = [s for s in steps if s.kind != "move"]
    products = [s for s in inner if s.kind in "*/"]
    if style == ANY:
        return rng.choice(steps)
    if style == "step_by_step":
        return (inner or moves)[0]
    if style == "backwards":
        return (moves[:1] or inner[-1:])[0]
    if style == "edge_cases":
        minus = [s for s in inner if s.kind == "-"]
        return (moves[:1] or minus[:1] or products[-1:] or inner)[0]
    if style == "subproblems":
        return (products or inner or moves)[0]
    return products[-1] if products else rng.choice(inner or moves)  # analogy


def middle_of(operation: str, style: str, rng: random.Random) -> str:
    """How an operation is split on its way, by the parts of its larger number, or nothing.

    768+657: the first digit first 1368+57 (step_by_step, subproblems), the first digit last
    825+600 (backwards), or over the next round number 1468-43 (edge_cases, analogy); 7*58 likewise
    350+56, 56+350, 420-14. Quotients: tens and units of the result. Nothing where the number to be
    split has one digit and zeros only.
    """
    value, match = evaluate_operation(operation), _OPERATION.match(operation)
    if value is None or match is None:
        return ""
    left, sign, right = int(match[1]), match[2], int(match[3])
    if sign == "/":
        tens, units = divmod(value, 10)
        return f"{10 * tens}+{units}" if tens > 0 and units else ""
    if sign == "*" and left > right:
        left, right = right, left
    if sign == "*" and left > 9:
        return ""
    if style == ANY:
        style = rng.choice(("step_by_step", "backwards", "analogy"))
    first, second = _parts(right, style)
    if not second:
        return ""
    if sign == "*":
        return f"{left * first}{left * second:+d}"
    if sign == "-":
        first, second = -first, -second
    return f"{left + first}{second:+d}"


def _parts(number: int, style: str) -> tuple[int, int]:
    """A number as a sum of two, in the order in which a style takes them; the second is 0 where
    one digit is all there is."""
    place = 10 ** (len(str(number)) - 1)
    head, rest = number - number % place, number % place
    if not rest:
        return head, 0
    if style in ("step_by_step", "subproblems"):
        return head, rest
    if style == "backwards":
        return rest, head
    return head + place, rest - place  # edge_cases, analogy
