"""Reading a mathematical expression, and what it is worth: no evaluation of code, ever.

An expression without variables is worth a number, exact where that stays rational. One with
variables is known by its values at a few fixed points: two expressions that agree there to nine
digits are the same function (identity testing by evaluation, after Schwartz and Zippel).
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from its.answers.parsing import Name, Number, Operation, Tree, parse

Value = Fraction | complex

_POINTS = 3
_SMALL = 1e-6
_JITTER = 1e-13
_ABSORBING = 1e9
_LARGEST_POWER = 1_000
_MOST_BITS = 10_000

_CONSTANTS: dict[str, complex] = {"pi": cmath.pi, "e": cmath.e, "i": 1j}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda z: 1 / cmath.tan(z),
    "sec": lambda z: 1 / cmath.cos(z),
    "csc": lambda z: 1 / cmath.sin(z),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "ln": cmath.log,
    "log": cmath.log,
    "exp": cmath.exp,
}


class Unworkable(Exception):
    """An expression that can be read, but whose value is beyond what is computed here."""


def worth(text: str) -> Fraction | tuple[str, ...] | None:
    """An exact rational, else the values (nine digits) of a tidied expression at fixed points.

    A constant has one value, an expression with variables three; None for what is no expression.
    Raises Unworkable for one that has no finite value, or one too large or small for a float.
    """
    tree = parse(text)
    if tree is None:
        return None
    names = _names(tree)
    try:
        values = _values(tree, names, 1.0)
        if isinstance(values[0], Fraction):
            return values[0]
        if any(abs(complex(value)) < _SMALL for value in values):
            values = _without_noise(values, _values(tree, names, 1 + _JITTER))
        digits = tuple(_digits(complex(value)) for value in values)
        if len(set(digits)) == 1:  # a constant, also where its variables cancel out
            simple = _near_rational(complex(values[0]))
            return digits[:1] if simple is None else simple
        return digits
    except (ArithmeticError, ValueError) as error:
        raise Unworkable(text) from error


def _values(tree: Tree, names: frozenset[str], jitter: float) -> list[Value]:
    """The value at each fixed point, every rounded step of it stretched by `jitter`."""
    points = range(_POINTS if names else 1)
    return [_Evaluation(_point(names, i), jitter).value(tree) for i in points]


def _without_noise(values: list[Value], shaken: list[Value]) -> list[Value]:
    """Zero for what is only the rounding left over where terms cancel: it moves when shaken, and
    a small value, such as e^{-40}, does not."""
    return [
        0j if abs(value) < _SMALL and abs(complex(value - other)) > 1e-6 * abs(value) else value
        for value, other in zip(map(complex, values), map(complex, shaken), strict=True)
    ]


def _names(tree: Tree) -> frozenset[str]:
    """The variables in a tree."""
    if isinstance(tree, Name):
        return frozenset((tree.name,)) - _CONSTANTS.keys()
    if isinstance(tree, Operation):
        return frozenset().union(*map(_names, tree.arguments))
    return frozenset()


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """The value of a tree at one point. Its methods raise ArithmeticError or ValueError where
    there is no finite value."""

    point: Mapping[str, complex]
    jitter: float

    def value(self, tree: Tree) -> Value:  # noqa: PLR0911
        if isinstance(tree, Number):
            return tree.value
        if isinstance(tree, Name):
            return self._rounded(_CONSTANTS.get(tree.name) or self.point[tree.name])
        first = self.value(tree.arguments[0])
        if len(tree.arguments) == 1:
            return self._applied(tree.name, first)
        second = self.value(tree.arguments[1])
        if tree.name == "^":
            return self._power(first, second)
        if tree.name == "binom":
            return _binomial(first, second)
        if tree.name == "root":
            return self._root(first, second)
        return self._arithmetic(tree.name, first, second)

    def _applied(self, name: str, value: Value) -> Value:
        if name == "negate":
            return -value
        if name == "abs":
            return abs(value) if isinstance(value, Fraction) else complex(abs(value))
        if name == "!":
            return _factorial(value)
        result = _FUNCTIONS[name](complex(value))
        if name == "exp" and result == 0:
            raise OverflowError
        return self._rounded(result)

    def _arithmetic(self, name: str, a: Value, b: Value) -> Value:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return _bounded(_OPERATORS[name](a, b))
        a, b = complex(a), complex(b)
        result = self._rounded(_OPERATORS[name](a, b))
        if name in "*/" and result == 0 and a != 0 and b != 0:
            raise OverflowError
        if name in "+-" and a and b and max(abs(a), abs(b)) > _ABSORBING * min(abs(a), abs(b)) > 1:
            raise OverflowError  # the smaller would vanish in the larger
        return result

    def _power(self, base: Value, power: Value) -> Value:
        if isinstance(base, Fraction) and isinstance(power, Fraction):
            if power.denominator == 1:
                size = max(base.numerator.bit_length(), base.denominator.bit_length())
                if abs(power) <= _LARGEST_POWER and size * abs(power) <= _MOST_BITS:
                    return Fraction(base ** int(power))
            elif base > 0:
                root = self._root(base, Fraction(power.denominator))
                return self._power(root, Fraction(power.numerator))
        result = complex(base) ** complex(power)
        if result == 0 and base != 0:
            raise OverflowError
        return self._rounded(result)

    def _root(self, value: Value, degree: Value) -> Value:
        """The principal root (the real one of an odd degree), exact where that is rational."""
        if isinstance(value, Fraction) and isinstance(degree, Fraction) and degree.denominator == 1:
            n = int(degree)
            if value < 0 and n % 2 == 1:
                return -self._root(-value, degree)
            if value >= 0 and 1 <= n <= 64:
                top, bottom = _integer_root(value.numerator, n), _integer_root(value.denominator, n)
                if top is not None and bottom is not None:
                    return Fraction(top, bottom)
        return self._rounded(complex(value) ** (1 / complex(degree)))

    def _rounded(self, value: complex) -> complex:
        if not cmath.isfinite(value):
            raise OverflowError
        return value * self.jitter


def _integer_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
    elif value < 2**52:
        root = round(value ** (1 / n))
    else:
        return None
    return root if root**n == value else None


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 500:
        raise ValueError("no factorial")
    return Fraction(math.factorial(int(value)))


def _binomial(n: Value, k: Value) -> Value:
    if not (isinstance(n, Fraction) and isinstance(k, Fraction)) or n.denominator != 1:
        raise ValueError("no binomial coefficient")
    if k.denominator != 1 or not 0 <= n <= 500 or not 0 <= k <= 500:
        raise ValueError("no binomial coefficient")
    return Fraction(math.comb(int(n), int(k)))


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise OverflowError
    return value


def _near_rational(value: complex) -> Fraction | None:
    """The simple fraction that a constant's float stands for (log₂ 8 = 3), if it is that close."""
    tolerance = 2e-14 * max(1.0, abs(value))
    if abs(value.imag) > tolerance or abs(value.real) > 1e12:
        return None
    simple = Fraction(value.real).limit_denominator(1_000)
    close = abs(float(simple) - value.real) <= tolerance
    return simple if close and (simple or not value) else None


def _point(names: frozenset[str], number: int) -> dict[str, complex]:
    """A fixed value for each variable. R stands for r, unless the expression has both."""
    folded = {name if name.lower() in names else name.lower(): name for name in names}
    return {name: _coordinate(known_as, number) for known_as, name in folded.items()}


def _coordinate(name: str, point: int) -> complex:
    """A value from a variable's name: in [0.5, 2.5] at the first point, below 0 at the others."""
    digest = blake2b(f"{point}:{name}".encode(), digest_size=8).digest()
    value = 0.5 + 2 * int.from_bytes(digest, "big") / 2**64
    return complex(value if point == 0 else -value)


def _digits(value: complex) -> str:
    scale = abs(value)
    real = 0.0 if abs(value.real) < 1e-9 * scale else value.real
    imag = 0.0 if abs(value.imag) < 1e-9 * scale else value.imag
    return f"{real:.9g},{imag:.9g}"
