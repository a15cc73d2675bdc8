"""Reading a tidied mathematical expression into a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Union

Tree = Union["Number", "Name", "Operation"]

FUNCTIONS = frozenset(
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan"),
        *("sinh", "cosh", "tanh", "ln", "log", "exp"),
    )
)
GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
        *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
        *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
    )
)
_MOST_TOKENS = 200
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(\d+(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)|\\([A-Za-z]+)|([A-Za-z]+)|(\S))",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A variable (with its subscript), or one of the constants pi, e and i."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """+, -, *, /, ^, negate, root (of, degree), abs, !, binom or a function."""

    name: str
    arguments: tuple[Tree, ...]


def parse(text: str) -> Tree | None:
    """The tree of a tidied expression; None for what is none, or too long or deep to look at."""
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
        elif letters in FUNCTIONS or letters in GREEK or letters == "sqrt":
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
        tree = self._product()
        while self._next in ("+", "-"):
            name = self._take()
            tree = Operation(name, (tree, self._product()))
        return tree

    def _product(self, *, after_function: bool = False) -> Tree:
        negative = self._negative()
        tree = self._power()
        while True:
            if self._next in ("*", "/") and not after_function:
                name = self._take()
                negative ^= self._negative()
                tree = Operation(name, (tree, self._power()))
            elif self._starts_factor() and not (after_function and self._starts_function()):
                tree = self._implied_product(tree)
            else:
                return Operation("negate", (tree,)) if negative else tree

    def _implied_product(self, tree: Tree) -> Tree:
        """2x is a product, 1\\frac{1}{2} a mixed number, and 2 3 nothing."""
        if _is_number(self._next):
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
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _NoExpression
        token = self._take()
        if _is_number(token):
            tree: Tree = Number(_literal(token))
        elif token in _CLOSING:
            tree = self._enclosed(_CLOSING[token])
            tree = Operation("abs", (tree,)) if token == "|" else tree
        elif token.startswith("\\"):
            tree = self._command(token[1:])
        elif token.isalpha():
            tree = Name(token + self._subscript())
        else:
            raise _NoExpression
        self._depth -= 1
        return tree

    def _command(self, name: str) -> Tree:
        if name == "frac":
            return Operation("/", (self._script(), self._script()))
        if name in ("binom", "dbinom", "tbinom"):
            return Operation("binom", (self._script(), self._script()))
        if name == "sqrt":
            return self._root()
        if name in FUNCTIONS:
            return self._function(name)
        if name in GREEK:
            return Name(name + self._subscript())
        raise _NoExpression

    def _enclosed(self, end: str) -> Tree:
        tree = self.sum()
        if self._take() != end:
            raise _NoExpression
        return tree

    def _root(self) -> Tree:
        degree: Tree = Number(Fraction(2))
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
            if name not in FUNCTIONS:
                raise _NoExpression
        argument = self._power() if self._next in ("(", "{") else self._product(after_function=True)
        tree: Tree = Operation(name, (argument,))
        if base is not None:
            tree = Operation("/", (tree, Operation("log", (base,))))
        return tree if power is None else Operation("^", (tree, power))

    def _script(self) -> Tree:
        """What follows ^, _, \\frac or \\sqrt: a group, or one signed atom."""
        negative = self._negative()
        tree = self._atom()
        return Operation("negate", (tree,)) if negative else tree

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
        return self._next[:1] == "\\" and self._next[1:] in FUNCTIONS

    def _take(self) -> str:
        token = self._tokens[self._at]
        if token:
            self._at += 1
        return token


_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|"}


_NUMBER_STARTS = "0123456789."


def _is_number(token: str) -> bool:
    return token[:1] in _NUMBER_STARTS and token not in ("", ".")


def _literal(token: str) -> Fraction:
    if len(token) > 1_000:
        raise _NoExpression
    return Fraction("0" + token if token[0] == "." else token.removesuffix("."))


def _is_integer(tree: Tree) -> bool:
    return isinstance(tree, Number) and tree.value.denominator == 1


def _is_plain_fraction(tree: Tree) -> bool:
    return (
        isinstance(tree, Operation) and tree.name == "/" and all(map(_is_integer, tree.arguments))
    )


def _is_minus_one(tree: Tree) -> bool:
    return tree == Operation("negate", (Number(Fraction(1)),))
