"""Mistakes: right solutions spoiled the way small models spoil them.

Wrong digits, numbers that are not in the expression, lost or altered terms, wrong order, a
misread story. After a mistake the solution goes on from what it wrote, so every other line is
right. A line that happens to be right all the same counts as right: the checker decides, not the
spoiler.
"""

from __future__ import annotations

import random
import re

from its_training.problems import Problem
from its_training.routes import choose_step, line_of, middle_of
from its_training.steps import Step, evaluate_operation, expression_value, is_number, valid_steps

_NUMBER = re.compile(r"\d+")


def spoiled_lines(
    rng: random.Random, problem: Problem, style: str, unspoiled: float = 0.35, often: bool = False
) -> list[str]:
    """A solution along a style with none to several mistakes.

    A share `unspoiled` has none; in the others, every line is spoiled with probability .1 to .4, or
    with `often` .3 to .7: who copies what is to be checked is then wrong every other line.
    """
    rates = (0.3, 0.5, 0.7) if often else (0.1, 0.2, 0.4)
    rate = 0.0 if rng.random() < unspoiled else rng.choice(rates)
    state, lines = problem.state, list[str]()
    if problem.restated:
        if rng.random() < rate:
            state = _reread(rng, state)
        lines.append(state)
    while not is_number(state):
        steps = valid_steps(state)
        if not steps:
            break
        step = choose_step(steps, style, rng)
        if rng.random() < rate:
            line, state = _spoiled_step(rng, state, step, style)
        else:
            line, state = line_of(step, middle_of(step.operation, style, rng)), step.state
        lines.append(line)
        if len(lines) > 40:
            break
    answer = state if is_number(state) else str(rng.randint(0, 999))
    if rng.random() < 0.01:
        answer = _altered(rng, answer)
    return [*lines, f"Answer: {answer}"]


def _spoiled_step(rng: random.Random, state: str, step: Step, style: str) -> tuple[str, str]:
    """A line with one mistake, and the state it claims to leave. Everything else about the line is
    as in a right one, so that only the mistake itself tells."""
    if not step.operation:
        state_after = _reread(rng, step.state)
        return state_after, state_after
    kind = rng.random()
    value, after, operation = str(step.value), step.state, step.operation
    middle = middle_of(operation, style, rng)
    if kind < 0.5:  # a wrong result, on the way or at the end, carried into the state
        middle, value = _misworked(rng, middle, value)
        after = _with_value(state, operation, step, value)
    elif kind < 0.65:  # an operand that is not there, worked out rightly
        operation = _reread(rng, operation)
        got = evaluate_operation(operation)
        if got is not None:
            value, middle = str(got), middle_of(operation, style, rng)
            after = _with_value(state, step.operation, step, value)
        else:
            operation = step.operation
    elif kind < 0.93:  # the state copied wrongly
        after = _reread(rng, after)
    else:  # an order that precedence forbids
        spots = list(re.finditer(r"(\d+)([-+])(\d+)", state))
        spot = rng.choice(spots) if spots else None
        got = evaluate_operation(spot[0]) if spot else None
        if spot and got is not None and got >= 0:
            operation, value = spot[0], str(got)
            middle = middle_of(operation, style, rng)
            after = state[: spot.start()] + value + state[spot.end() :]
    if not is_number(after) and expression_value(after) is None:
        after = step.state
    shown = "=".join([operation, *filter(None, [middle]), value])
    return (shown if is_number(after) else f"{shown}; {after}"), after


def _misworked(rng: random.Random, middle: str, value: str) -> tuple[str, str]:
    """The way to a result and the result, one of them wrong: a slip on the way is carried on."""
    parts = re.match(r"(-?\d+)([-+])(\d+)$", middle)
    if parts is None or rng.random() < 0.5:
        return middle, _altered(rng, value)
    first, sign, second = parts.groups()
    if rng.random() < 0.6:
        first = _altered(rng, first)
    else:
        second = _altered(rng, second).lstrip("-")
    middle = f"{first}{sign}{second}"
    return middle, str(evaluate_operation(middle))


def _with_value(state: str, operation: str, step: Step, value: str) -> str:
    """The state after a step whose result was `value` instead of the right one."""
    if is_number(step.state):
        return value
    right, wrong = str(step.value), value
    if (step.value >= 0 and wrong.startswith("-")) or step.value < 0:
        return step.state
    spot = state.find(operation)
    for match in re.finditer(rf"(?<!\d){right}(?!\d)", step.state):
        if spot - 1 <= match.start() <= spot + 1 or step.kind == "move":
            return step.state[: match.start()] + wrong + step.state[match.end() :]
    return step.state


def _altered(rng: random.Random, number: str) -> str:
    """A number near in spelling: a digit off by a little, a lost carry, a swap, a sign."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    kind = rng.random()
    if kind < 0.55:
        place = rng.randrange(len(digits))
        change = rng.choice((1, -1, 1, -1, 2, -2, rng.randint(3, 9)))
        digit = str((int(digits[place]) + change) % 10)
        digits = digits[:place] + digit + digits[place + 1 :]
    elif kind < 0.85:
        change = rng.choice((1, 10, 100)) * rng.choice((1, -1, 2))
        digits = str(abs(int(digits) + change))
    elif kind < 0.93 and len(digits) > 1:
        place = rng.randrange(len(digits) - 1)
        swapped = digits[place + 1] + digits[place]
        digits = digits[:place] + swapped + digits[place + 2 :]
    elif kind < 0.96:
        sign = "" if sign else "-"
    else:
        digits = digits + str(rng.randint(0, 9))
    return sign + (digits.lstrip("0") or "0")


def _reread(rng: random.Random, state: str) -> str:
    """An expression read wrongly: a number altered, a sign flipped, a term lost."""
    kind = rng.random()
    numbers = list(_NUMBER.finditer(state))
    spot = rng.choice(numbers)
    if kind < 0.55:
        changed = _altered(rng, spot[0]).lstrip("-")
        candidate = state[: spot.start()] + changed + state[spot.end() :]
    elif kind < 0.75:
        other = rng.choice(numbers)[0]
        candidate = state[: spot.start()] + other + state[spot.end() :]
    elif kind < 0.88:
        signs = [m.start() for m in re.finditer(r"(?<=[\d)])[-+]", state)]
        if not signs:
            return state
        place = rng.choice(signs)
        candidate = state[:place] + ("-" if state[place] == "+" else "+") + state[place + 1 :]
    else:
        terms = [m for m in re.finditer(r"[-+]\d+(?![\d*/)])", state) if m.start() > 0]
        if not terms:
            return state
        term = rng.choice(terms)
        candidate = state[: term.start()] + state[term.end() :]
    return candidate if candidate and not candidate.endswith("=") else state
