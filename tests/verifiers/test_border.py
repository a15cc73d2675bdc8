"""What crosses between a program and its tests, and what stays as it would be without a border."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, deque, namedtuple
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.verifiers.code import run_tests
from its.verifiers.limits import Limits
from its.verifiers.plain_data import NotPlain, decode, dumps, encode
from its.verifiers.trial import Suite
from tests.verifiers.needs import needs_sandbox

Point = namedtuple("Point", "x y")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.fractions()
    | st.decimals(allow_nan=False)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.frozensets(scalars)
        | st.sets(scalars)
        | st.dictionaries(scalars, inner)
    ),
    max_leaves=20,
)


@given(values)
def test_plain_data_arrives_as_it_was_sent(value: object) -> None:
    arrived = decode(json.loads(dumps(encode(value))))
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        (deque([1, 2]), deque([1, 2])),
        (range(3), range(3)),
        (10**400, 10**400),
        (Decimal("1.10"), Decimal("1.1")),
        (Fraction(1, 3), Fraction(1, 3)),
        (date(2026, 1, 2), date(2026, 1, 2)),
        (timedelta(1, 2, 3), timedelta(1, 2, 3)),
    ],
)
def test_what_is_of_a_plain_kind_crosses_too(sent: object, arrives: object) -> None:
    assert decode(json.loads(dumps(encode(sent)))) == arrives


def test_iterators_arrive_as_iterators() -> None:
    arrived = decode(json.loads(dumps(encode(x * x for x in range(3)))))
    assert arrived != [0, 1, 4]
    assert list(arrived) == [0, 1, 4]


@pytest.mark.parametrize(
    "data", [{"code": "x"}, {"kept": 3}, {"a": 1, "b": 2}, {}, {"function": 0}]
)
def test_nothing_else_is_read(data: object) -> None:
    with pytest.raises(NotPlain):
        decode(data)


def test_an_object_is_no_plain_data() -> None:
    with pytest.raises(NotPlain, match="the type object"):
        encode([object()])


LIFE = """
import math
class Empty(ValueError): pass
class Node:
    def __init__(self, value): self.value, self.left = value, None
def depth(node): return 0 if node is None else 1 + depth(node.left)
def sort(x): x.sort()
def twice(g, x): return g(g(x))
def greet(name): print('Hello', name)
def mean(x):
    if not x: raise Empty('nothing')
    return sum(x) / len(x)
def root(x): return math.sqrt(x)
def counter():
    return iter([1, 2])
class Stack:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x)
    def __len__(self): return len(self.items)
"""


@needs_sandbox
@pytest.mark.parametrize(
    "test",
    [
        "x = [3, 1]; sort(x); assert x == [1, 3]",
        "assert twice(lambda v: v + 1, 3) == 5",
        "n = Node(1); n.left = Node(2); assert depth(n) == 2 and n.left.value == 2",
        "s = Stack(); s.push(4); assert len(s) == 1 and s.items == [4]",
        "try:\n    mean([])\n    assert False\nexcept ValueError as e: assert str(e) == 'nothing'",
        "try:\n    mean([])\n    assert False\nexcept Empty: pass",
        "assert list(counter()) == [1, 2]",
        "import io, contextlib\nb = io.StringIO()\nwith contextlib.redirect_stdout(b): greet('A')\n"
        "assert b.getvalue() == 'Hello A\\n'",
        "assert isinstance(mean([1, 2]), float)",
        "assert math.isclose(root(2) ** 2, 2)",
        "assert sum([mean([1]), mean([3])]) == 4",
    ],
)
async def test_tests_run_as_they_would_beside_the_program(test: str) -> None:
    report = await run_tests(LIFE, [test])
    assert report.passed == (True,), report.reason


@needs_sandbox
async def test_a_builtin_can_be_what_is_under_test() -> None:
    assert (await run_tests("def sum(a, b): return a + b", ["assert sum(2, 3) == 5"])).share == 1


@needs_sandbox
async def test_setup_runs_beside_the_test() -> None:
    suite = Suite(("assert area(unit) == 1",), "unit = Square(1)")
    program = "class Square:\n    def __init__(s, a): s.a = a\ndef area(q): return q.a ** 2"
    assert (await run_tests(program, suite)).passed == (True,)


@needs_sandbox
async def test_a_test_that_never_ends_fails_alone() -> None:
    tests = ["while True: f(1)", "assert f(2) == 2"]
    by_the_clock = Limits(seconds=1, cpu_seconds=60)  # stopped in the middle of a message
    report = await run_tests("def f(x): return x", tests, by_the_clock)
    assert report.passed == (False, True)
    assert "too long" in report.reason
