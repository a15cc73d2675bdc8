"""One step of arithmetic on a state: which reductions are valid, and what each leaves behind.

A state is what is left to work out: an expression (`41*3+5*24-37`), an equation in x
(`7*x+41=160`) or, at the end, a number. A step replaces one operation by its value. A sum may be
reduced wherever its left operand stands first or after a plus, so every valid order of steps ends
in the same number and no step ever needs a minus sign in front of a bracket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\d+|[-+*/()]")
_EQUATION = re.compile(r"^(?:(\d+)\*)?x(?:([-+])(\d+))?=(.+)$")
_NUMBER = re.compile(r"^-?\d+$")


@dataclass(frozen=True)
class Step:
    """A valid step: `operation` = `value` leaves `state`.

    `operation` is empty where the step only rewrites the state (a term moved across an equation).
    `kind` is one of `+ - * /` or `move`; `place` orders the steps of one state from left to right.
    """

    operation: str
    value: int
    state: str
    kind: str
    place: int


def is_number(state: str) -> bool:
    """Whether a state is finished."""
    return _NUMBER.match(state) is not None


@lru_cache(maxsize=50_000)
def valid_steps(state: str) -> tuple[Step, ...]:
    """Every valid step of a state, from left to right; none where there is nothing to reduce."""
    equation = _EQUATION.match(state)
    if equation is None:
        return tuple(_reductions(state, ""))
    factor, sign, constant, right = equation.groups()
    left = f"{factor}*x" if factor else "x"
    whole = state[: len(state) - len(right)]
    found = list(_reductions(right, whole))
    if constant:
        opposite = "-" if sign == "+" else "+"
        moved = f"{right}{opposite}{constant}"
        if is_number(right):
            value = int(right) - int(constant) if sign == "+" else int(right) + int(constant)
            after = f"{left}={value}" if factor else str(value)
            found.append(Step(moved, value, after, "move", -1))
        else:
            found.insert(0, Step("", 0, f"{left}={moved}", "move", -1))
    elif factor and int(factor) and is_number(right) and int(right) % int(factor) == 0:
        value = int(right) // int(factor)
        found.append(Step(f"{right}/{factor}", value, str(value), "/", 0))
    return tuple(found)


def evaluate_operation(operation: str) -> int | None:
    """The value of `a+b`, `a-b`, `a*b` or an exact `a/b`; None for anything else."""
    match = re.match(r"^(-?\d+)([-+*/])(\d+)$", operation)
    if match is None or len(operation) > 20:
        return None
    left, sign, right = int(match[1]), match[2], int(match[3])
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left // right if right and left % right == 0 else None


def expression_value(expression: str) -> int | None:
    """The number an expression or equation reduces to; None where it does not."""
    state = expression
    while not is_number(state):
        found = valid_steps(state)
        if not found:
            return None
        state = found[-1].state if found[-1].kind == "move" else found[0].state
    return int(state)


def _tokens(text: str) -> list[str]:
    tokens = _TOKEN.findall(text)
    if sum(map(len, tokens)) != len(text):
        return []
    signed: list[str] = []
    for token in tokens:
        if signed and signed[-1] == "-" and token.isdigit() and len(signed) == 1:
            signed[-1] = "-" + token
        else:
            signed.append(token)
    return signed


def _reductions(text: str, prefix: str) -> list[Step]:
    """Steps that reduce one operation of an arithmetic expression; `prefix` is kept before it."""
    tokens = _tokens(text)
    found: list[Step] = []
    for i in range(len(tokens) - 2):
        left, sign, right = tokens[i : i + 3]
        if sign not in "+-*/" or not right.isdigit() or not left.lstrip("-").isdigit():
            continue
        before = tokens[i - 1] if i else ""
        after = tokens[i + 3] if i + 3 < len(tokens) else ""
        if sign in "+-":
            if before not in ("", "(", "+") or after in ("*", "/"):
                continue
        elif before in ("*", "/"):
            continue
        value = evaluate_operation(left + sign + right)
        if value is not None:
            state = prefix + _replaced(tokens, i, value)
            found.append(Step(left + sign + right, value, state, sign, i))
    return found


def _replaced(tokens: list[str], i: int, value: int) -> str:
    """The text after the operation at tokens i..i+2 became `value`."""
    head, tail = tokens[:i], tokens[i + 3 :]
    if head and head[-1] == "(" and tail and tail[0] == ")":
        head, tail = head[:-1], tail[1:]
    if value < 0 and head and head[-1] == "+":
        return "".join([*head[:-1], str(value), *tail])
    return "".join([*head, str(value), *tail])
