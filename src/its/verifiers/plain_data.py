"""Values that cross the border between a program and its tests: plain data, as JSON.

Only what is written here can cross. What arrives is rebuilt from JSON, so that an object whose
class redefines `==` never meets an assertion. This file runs inside the sandbox as well and
imports the standard library alone.
"""

from __future__ import annotations

import datetime
import json
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from types import GeneratorType
from typing import Any

MOST_BYTES = 8 << 20
MOST_ITEMS = 1_000_000
_EXACT_FLOAT = 1 << 53
_AS_IS = frozenset((bool, float, str, type(None)))


class NotPlain(Exception):
    """A value that is no plain data."""


def dumps(data: object) -> bytes:
    written = json.dumps(data, separators=(",", ":")).encode("ascii")
    if len(written) > MOST_BYTES:
        raise NotPlain(f"a value of more than {MOST_BYTES >> 20} MB")
    return written


def encode(value: Any, keep: Callable[[Any], Any] | None = None) -> Any:
    """A value as JSON. What is not plain goes to `keep`, which gives what stands for it.

    A value of a subclass is written as one of its base: a Counter as a dict.
    """
    kind = type(value)
    if kind in _AS_IS or (kind is int and -_EXACT_FLOAT < value < _EXACT_FLOAT):
        return value
    if kind is list:
        return [encode(item, keep) for item in value]
    for base, name, write in _WRITERS:
        if isinstance(value, base):
            return {name: write(value, lambda item: encode(item, keep))}
    if keep is None:
        raise NotPlain(f"a value of the type {kind.__name__}, which is no plain data")
    return keep(value)


def decode(data: Any, kept: Callable[[Any], Any] | None = None) -> Any:
    """The value written so; `kept` gives what stands for a value that was not plain."""
    if isinstance(data, list):
        return [decode(item, kept) for item in data]
    if not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise NotPlain("no plain data")
    ((name, content),) = data.items()
    if name in {"kept", "function"}:
        if kept is None:
            raise NotPlain("no plain data")
        return kept(data)
    if name not in _READERS:
        raise NotPlain("no plain data")
    return _READERS[name](content, lambda item: decode(item, kept))


def _items(value: Any, each: Callable[[Any], Any]) -> list[Any]:
    written: list[Any] = []
    for item in value:
        if len(written) == MOST_ITEMS:
            raise NotPlain("a value without end")
        written.append(each(item))
    return written


def _pairs(value: Any, each: Callable[[Any], Any]) -> list[Any]:
    return [[each(key), each(item)] for key, item in dict.items(value)]


def _moment(value: Any, each: Callable[[Any], Any]) -> str:
    return str(value.isoformat())


def _span(value: Any, each: Callable[[Any], Any]) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


_EMPTY: dict[int, int] = {}
_ITERATORS: tuple[Any, ...] = (
    type(iter([])),
    type(iter(())),
    type(iter("")),
    type(iter(_EMPTY)),
    type(iter(set())),
    type(iter(range(0))),
    GeneratorType,
    map,
    filter,
    zip,
    enumerate,
    reversed,
)
_WRITERS: tuple[tuple[Any, str, Callable[[Any, Callable[[Any], Any]], Any]], ...] = (
    (bool, "int", lambda value, each: hex(int(value))),
    (int, "int", lambda value, each: hex(int.__index__(value))),
    (float, "float", lambda value, each: float.__float__(value)),
    (complex, "complex", lambda value, each: [value.real, value.imag]),
    (str, "str", lambda value, each: str.__str__(value)),
    (bytes, "bytes", lambda value, each: bytes(value).hex()),
    (bytearray, "bytearray", lambda value, each: bytes(value).hex()),
    (tuple, "tuple", lambda value, each: _items(tuple.__iter__(value), each)),
    (list, "list", lambda value, each: _items(list.__iter__(value), each)),
    (dict, "dict", _pairs),
    (frozenset, "frozenset", lambda value, each: _items(frozenset.__iter__(value), each)),
    (set, "set", lambda value, each: _items(set.__iter__(value), each)),
    (deque, "deque", lambda value, each: _items(deque.__iter__(value), each)),
    (range, "range", lambda value, each: [hex(n) for n in (value.start, value.stop, value.step)]),
    (type(_EMPTY.keys()), "keys", _items),
    (type(_EMPTY.values()), "values", _items),
    (type(_EMPTY.items()), "pairs", _items),
    (_ITERATORS, "iterator", _items),
    (Decimal, "Decimal", lambda value, each: Decimal.__str__(value)),
    (Fraction, "Fraction", lambda value, each: [hex(value.numerator), hex(value.denominator)]),
    (datetime.datetime, "datetime", _moment),
    (datetime.date, "date", _moment),
    (datetime.time, "time", _moment),
    (datetime.timedelta, "timedelta", _span),
)
_READERS: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "int": lambda content, each: int(content, 16),
    "float": lambda content, each: float(content),
    "complex": lambda content, each: complex(*content),
    "str": lambda content, each: str(content),
    "bytes": lambda content, each: bytes.fromhex(content),
    "bytearray": lambda content, each: bytearray.fromhex(content),
    "tuple": lambda content, each: tuple(map(each, content)),
    "list": lambda content, each: list(map(each, content)),
    "dict": lambda content, each: {each(key): each(item) for key, item in content},
    "frozenset": lambda content, each: frozenset(map(each, content)),
    "set": lambda content, each: set(map(each, content)),
    "deque": lambda content, each: deque(map(each, content)),
    "range": lambda content, each: range(*(int(n, 16) for n in content)),
    "keys": lambda content, each: dict.fromkeys(map(each, content)).keys(),
    "values": lambda content, each: dict(enumerate(map(each, content))).values(),
    "pairs": lambda content, each: dict(map(each, content)).items(),
    "iterator": lambda content, each: iter(list(map(each, content))),
    "Decimal": lambda content, each: Decimal(content),
    "Fraction": lambda content, each: Fraction(*(int(n, 16) for n in content)),
    "datetime": lambda content, each: datetime.datetime.fromisoformat(content),
    "date": lambda content, each: datetime.date.fromisoformat(content),
    "time": lambda content, each: datetime.time.fromisoformat(content),
    "timedelta": lambda content, each: datetime.timedelta(*content),
}
