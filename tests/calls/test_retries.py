"""When a call is tried again, and when a run stops trying."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.calls.retries import Circuit, RetryPolicy
from its.errors import EndpointError, KeyRejected, PermanentCallError, TransientCallError


@given(failures=st.integers(1, 12), seed=st.integers(0, 2**32))
def test_full_jitter_stays_under_a_doubling_bound(failures: int, seed: int) -> None:
    policy = RetryPolicy(first=0.5, longest=30)
    wait = policy.wait(failures, TransientCallError("overloaded"), Random(seed))
    assert 0 <= wait <= min(30, 0.5 * 2 ** (failures - 1))


@given(seed=st.integers(0, 2**32), asked=st.floats(0, 100))
def test_the_endpoints_wish_is_obeyed(seed: int, asked: float) -> None:
    error = TransientCallError("overloaded", status=429, retry_after=asked)
    assert asked <= RetryPolicy().wait(1, error, Random(seed)) <= asked + 1


def test_the_circuit_opens_after_failures_in_a_row_and_success_forgives() -> None:
    circuit = Circuit(failures=3)
    down = TransientCallError("the connection was refused", answered=False)
    for _ in range(5):
        circuit.failed(down)
        circuit.failed(down)
        circuit.succeeded()
    circuit.failed(down)
    circuit.failed(down)
    with pytest.raises(EndpointError, match="refused"):
        circuit.failed(down)
    with pytest.raises(EndpointError):
        circuit.check()


def test_a_refused_key_opens_it_sooner() -> None:
    circuit = Circuit(failures=100, refusals=2)
    circuit.failed(KeyRejected("the key was refused", status=401))
    with pytest.raises(EndpointError, match="key"):
        circuit.failed(KeyRejected("the key was refused", status=401))


def test_overload_and_bad_requests_never_open_it() -> None:
    circuit = Circuit(failures=2, refusals=2)
    for _ in range(10):
        circuit.failed(TransientCallError("overloaded", status=429))
        circuit.failed(PermanentCallError("bad request", status=400))
    circuit.check()
