"""Reading a mathematical expression, and what it is worth: no evaluation of code, ever.

An expression without variables is worth a number, exact where that stays rational. One with
variables is known by its values at a few fixed points: two expressions that agree there to nine
digits are the same function (identity testing by evaluation, after Schwartz and Zippel).
"""

from __future__ import annotations

import cmath
import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Union

Tree = Union["Constant", "Variable", "Operation"]
Number = Fraction | complex

_POINTS = 3
_MOST_TOKENS = 400
_DEEPEST = 60
_LARGEST_POWER = 1_000
_MOST_BITS = 10_000

_TOKEN = re.compile(
    r"\s*(?:(\d+(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)|\\([A-Za-z]+)|([A-Za-z]+)|(\S))"
)
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
_GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "upsilon",
        "phi",
        "chi",
        "psi",
        "omega",
        "Gamma",
        "Delta",
        "Theta",
        "Lambda",
        "Xi",
        "Pi",
        "Sigma",
        "Phi",
        "Psi",
        "Omega",
    ]
)


@dataclass(frozen=True, slots=True)
class Constant:
    value: Number


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    arguments: tuple[Tree, ...]


def worth(text: str) -> Fraction | tuple[str, ...] | None:
    """An exact rational, else the values (nine digits) of a tidied expression at fixed points.

    A constant has one value, an expression with variables three; None for what is no expression.
    """
    tree = parse(text)
    if tree is None:
        return None
    names: set[str] = set()
    _collect_names(tree, names)
    try:
        if not names:
            value = _value(tree, {})
            exact = value if isinstance(value, Fraction) else _near_rational(value)
            return (_digits(complex(value)),) if exact is None else exact
        points = [{name: _coordinate(name, i) for name in names} for i in range(_POINTS)]
        return tuple(_digits(complex(_value(tree, point))) for point in points)
    except (ArithmeticError, ValueError):
        return None


def parse(text: str) -> Tree | None:
    """The tree of a tidied expression; None for what is none, or too long or deep to look at."""
    if len(text) > 4 * _MOST_TOKENS:
        return None
    tokens = _tokens(text)
    if not tokens or len(tokens) > _MOST_TOKENS:
        return None
    parser = _Parser(tokens)
    try:
        tree = parser.sum()
    except _NoExpression:
        return None
    return tree if parser.at_end else None


class _NoExpression(Exception):
    pass


def _tokens(text: str) -> list[str]:
    """Numbers, commands and names (with a backslash before), single letters, and symbols."""
    tokens: list[str] = []
    for number, command, letters, symbol in _TOKEN.findall(text):
        if number:
            tokens.append(number.replace(",", ""))
        elif command:
            tokens.append("\\" + command)
        elif letters in _FUNCTIONS or letters in ("pi", "sqrt") or letters in _GREEK:
            tokens.append("\\" + letters)
        elif letters:
            tokens.extend(letters)
        else:
            tokens.append(symbol)
    return tokens


class _Parser:
    """Recursive descent: sum, product (also implied), sign, power, postfix, atom."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next == ""

    @property
    def _next(self) -> str:
        return self._tokens[self._at]

    def sum(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NoExpression
        tree = self._product()
        while self._next in ("+", "-"):
            name = self._take()
            tree = Operation(name, (tree, self._product()))
        self._depth -= 1
        return tree

    def _product(self, *, after_function: bool = False) -> Tree:
        negative = self._negative()
        tree = self._power()
        while True:
            if self._next in ("*", "/") and not after_function:
                name = self._take()
                factor_negative = self._negative()
                negative ^= factor_negative
                tree = Operation(name, (tree, self._power()))
            elif self._starts_factor() and not (after_function and self._starts_function()):
                tree = self._implied_product(tree)
            else:
                return Operation("negate", (tree,)) if negative else tree

    def _implied_product(self, tree: Tree) -> Tree:
        """2x is a product, 1\\frac{1}{2} a mixed number, and 2 3 nothing."""
        if self._next[0].isdigit():
            raise _NoExpression
        is_fraction = self._next == "\\frac"
        factor = self._power()
        mixed = is_fraction and _is_integer(tree) and _is_plain_fraction(factor)
        return Operation("+" if mixed else "*", (tree, factor))

    def _negative(self) -> bool:
        negative = False
        while self._next in ("+", "-"):
            negative ^= self._take() == "-"
        return negative

    def _power(self) -> Tree:
        base = self._postfix()
        if self._next == "^":
            self._take()
            return Operation("^", (base, self._script()))
        return base

    def _postfix(self) -> Tree:
        tree = self._atom()
        while self._next == "!":
            self._take()
            tree = Operation("!", (tree,))
        return tree

    def _atom(self) -> Tree:
        token = self._take()
        if token[:1].isdigit() or token[:1] == ".":
            return Constant(_literal(token))
        if token in ("(", "[", "{", "|"):
            tree = self._enclosed({"(": ")", "[": "]", "{": "}", "|": "|"}[token])
            return Operation("abs", (tree,)) if token == "|" else tree
        if token == "\\frac":
            return Operation("/", (self._script(), self._script()))
        if token == "\\sqrt":
            return self._root()
        if token[:1] == "\\" and token[1:] in _FUNCTIONS:
            return self._function(token[1:])
        name = token.removeprefix("\\")
        if name in _CONSTANTS:
            return Constant(_CONSTANTS[name])
        if (len(token) == 1 and token.isalpha()) or name in _GREEK:
            return Variable(name + self._subscript())
        raise _NoExpression

    def _enclosed(self, end: str) -> Tree:
        tree = self.sum()
        if self._take() != end:
            raise _NoExpression
        return tree

    def _root(self) -> Tree:
        degree: Tree = Constant(Fraction(2))
        if self._next == "[":
            self._take()
            degree = self._enclosed("]")
        return Operation("root", (self._script(), degree))

    def _function(self, name: str) -> Tree:
        base = power = None
        while self._next in ("_", "^"):
            if self._take() == "_":
                base = self._script()
            else:
                power = self._script()
        if base is not None and name != "log":
            raise _NoExpression
        if power is not None and _is_minus_one(power):
            name, power = f"arc{name}", None
            if name not in _FUNCTIONS:
                raise _NoExpression
        argument = self._power() if self._next in ("(", "{") else self._product(after_function=True)
        tree: Tree = Operation(name, (argument,))
        if base is not None:
            tree = Operation("/", (tree, Operation("log", (base,))))
        return tree if power is None else Operation("^", (tree, power))

    def _script(self) -> Tree:
        """What follows ^, _, \\frac or \\sqrt: a group, or one signed atom."""
        if self._next == "{":
            self._take()
            return self._enclosed("}")
        if self._next == "-":
            self._take()
            return Operation("negate", (self._script(),))
        return self._atom()

    def _subscript(self) -> str:
        if self._next != "_":
            return ""
        self._take()
        if self._next != "{":
            return "_" + self._take()
        self._take()
        parts = []
        while (part := self._take()) != "}":
            if not part:
                raise _NoExpression
            parts.append(part)
        return "_" + "".join(parts)

    def _starts_factor(self) -> bool:
        token = self._next
        return bool(token) and (token[0].isalnum() or token[0] in "\\({.")

    def _starts_function(self) -> bool:
        return self._next[:1] == "\\" and self._next[1:] in _FUNCTIONS

    def _take(self) -> str:
        token = self._tokens[self._at]
        if token:
            self._at += 1
        return token


def _literal(token: str) -> Fraction:
    if len(token) > 1_000:
        raise _NoExpression
    return Fraction("0" + token if token[0] == "." else token.removesuffix("."))


def _is_integer(tree: Tree) -> bool:
    return (
        isinstance(tree, Constant)
        and isinstance(tree.value, Fraction)
        and tree.value.denominator == 1
    )


def _is_plain_fraction(tree: Tree) -> bool:
    return (
        isinstance(tree, Operation) and tree.name == "/" and all(map(_is_integer, tree.arguments))
    )


def _is_minus_one(tree: Tree) -> bool:
    return tree == Operation("negate", (Constant(Fraction(1)),))


def _collect_names(tree: Tree, names: set[str]) -> None:
    if isinstance(tree, Variable):
        names.add(tree.name)
    elif isinstance(tree, Operation):
        for argument in tree.arguments:
            _collect_names(argument, names)


def _value(tree: Tree, point: dict[str, complex]) -> Number:
    """Raises ArithmeticError or ValueError where there is no finite value."""
    if isinstance(tree, Constant):
        return tree.value
    if isinstance(tree, Variable):
        return point[tree.name]
    values = [_value(argument, point) for argument in tree.arguments]
    return _apply(tree.name, values)


def _apply(name: str, values: list[Number]) -> Number:
    first, last = values[0], values[-1]
    match name:
        case "negate":
            return -first
        case "+" | "-" | "*" | "/":
            return _arithmetic(name, first, last)
        case "^":
            return _raise(first, last)
        case "root":
            return _nth_root(first, last)
        case "abs":
            return abs(first) if isinstance(first, Fraction) else complex(abs(first))
        case "!":
            return _factorial(first)
    return _finite(_FUNCTIONS[name](complex(first)))


def _arithmetic(name: str, a: Number, b: Number) -> Number:
    if not (isinstance(a, Fraction) and isinstance(b, Fraction)):
        a, b = complex(a), complex(b)
    return _finite(_OPERATORS[name](a, b))


def _raise(base: Number, power: Number) -> Number:
    if isinstance(base, Fraction) and isinstance(power, Fraction):
        if power.denominator == 1:
            size = max(base.numerator.bit_length(), base.denominator.bit_length())
            if abs(power) <= _LARGEST_POWER and size * abs(power) <= _MOST_BITS:
                return Fraction(base ** int(power))
        elif base > 0:
            return _raise(_nth_root(base, Fraction(power.denominator)), Fraction(power.numerator))
    return _finite(complex(base) ** complex(power))


def _nth_root(value: Number, degree: Number) -> Number:
    """The principal root (the real one where the degree is odd), exact where that is rational."""
    if isinstance(value, Fraction) and isinstance(degree, Fraction) and degree.denominator == 1:
        n = int(degree)
        if value < 0 and n % 2 == 1:
            return -_nth_root(-value, degree)
        if value >= 0 and 1 <= n <= 64:
            top, bottom = _integer_root(value.numerator, n), _integer_root(value.denominator, n)
            if top is not None and bottom is not None:
                return Fraction(top, bottom)
    return _finite(complex(value) ** (1 / complex(degree)))


def _integer_root(value: int, n: int) -> int | None:
    if n == 2:
        root = math.isqrt(value)
    elif value < 2**52:
        root = round(value ** (1 / n))
    else:
        return None
    return root if root**n == value else None


def _factorial(value: Number) -> Number:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 500:
        raise ValueError("no factorial")
    return Fraction(math.factorial(int(value)))


def _finite(value: Number) -> Number:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
            raise OverflowError
    elif not cmath.isfinite(value):
        raise OverflowError
    return value


def _near_rational(value: Number) -> Fraction | None:
    """The simple fraction that a constant's float stands for (log₂ 8 = 3), if it is that close."""
    number = complex(value)
    if abs(number.imag) > 1e-12 * max(1.0, abs(number.real)) or abs(number.real) > 1e12:
        return None
    simple = Fraction(number.real).limit_denominator(1_000)
    return simple if abs(float(simple) - number.real) <= 1e-12 * max(1.0, abs(number)) else None


def _coordinate(name: str, point: int) -> complex:
    """A fixed value for a variable, from its name: in [0.5, 2.5], at the last points below 0."""
    digest = blake2b(f"{point}:{name}".encode(), digest_size=8).digest()
    value = 0.5 + 2 * int.from_bytes(digest, "big") / 2**64
    return complex(value if point == 0 else -value)


def _digits(value: complex) -> str:
    scale = max(abs(value), 1e-300)
    real = 0.0 if abs(value.real) < 1e-9 * scale else value.real
    imag = 0.0 if abs(value.imag) < 1e-9 * scale else value.imag
    return f"{real:.9g},{imag:.9g}"
