"""Routes: the same problem solved by truly different orders and kinds of step.

Each prompting style is a route. They share the single operations but meet them with different
operands, so their mistakes differ, and a vote over styles is worth more than one over repeats.
"""

from __future__ import annotations

import random

from its.training.steps import Step, is_number, valid_steps

STYLES = ("step_by_step", "edge_cases", "backwards", "subproblems", "analogy")
ANY = "any"


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
        lines.append(line_of(step, middle_of(step, style, rng)))
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


def middle_of(step: Step, style: str, rng: random.Random) -> str:
    """How a product or quotient with a two-digit part is split on its way, or nothing.

    7*58: tens first 350+56 (step_by_step, subproblems), units first 56+350 (backwards), or over
    the next ten 420-14 (edge_cases, analogy). Quotients: tens and units of the result.
    """
    if step.kind not in ("*", "/"):
        return ""
    if style == ANY:
        style = rng.choice(("step_by_step", "backwards", "analogy"))
    if step.kind == "/":
        tens, units = divmod(step.value, 10)
        return f"{10 * tens}+{units}" if tens and units else ""
    low, high = sorted(map(int, step.operation.split("*")))
    tens, units = divmod(high, 10)
    if low > 9 or not tens or not units:
        return ""
    if style in ("step_by_step", "subproblems"):
        return f"{low * 10 * tens}+{low * units}"
    if style == "backwards":
        return f"{low * units}+{low * 10 * tens}"
    return f"{low * 10 * (tens + 1)}-{low * (10 - units)}"
