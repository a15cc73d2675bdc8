"""When a call is tried again, when a client pauses, and when a run stops trying."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.calls.retries import Circuit, RetryPolicy
from its.errors import EndpointError, KeyRejected, PermanentCallError, TransientCallError

DOWN = TransientCallError("the connection was refused", answered=False)
BUSY = TransientCallError("overloaded", status=429)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def asking_for(seconds: float, status: int = 503) -> TransientCallError:
    return TransientCallError("unavailable", status=status, retry_after=seconds)


@given(failures=st.integers(1, 1000), seed=st.integers(0, 2**32))
def test_full_jitter_stays_under_a_doubling_bound(failures: int, seed: int) -> None:
    policy = RetryPolicy(first=0.5, longest=30)
    wait = policy.wait(failures, TransientCallError("overloaded"), Random(seed))
    assert 0 <= wait <= min(30, 0.5 * 2 ** (failures - 1))


@given(seed=st.integers(0, 2**32), asked=st.floats(0, 100))
def test_the_endpoints_wish_is_obeyed(seed: int, asked: float) -> None:
    error = TransientCallError("overloaded", status=429, retry_after=asked)
    assert asked <= RetryPolicy().wait(1, error, Random(seed)) <= asked + 1


def test_a_burst_of_failures_is_a_pause_and_no_end(clock: Clock) -> None:
    circuit = Circuit(patience=60, clock=clock)
    for call in range(1000):
        circuit.failed(DOWN, call)
    circuit.check()
    assert circuit.paused
    circuit.succeeded()
    assert not circuit.paused


def test_only_sustained_failure_of_several_calls_ends_the_run(clock: Clock) -> None:
    circuit = Circuit(patience=60, clock=clock)
    circuit.failed(DOWN, 1)
    clock.now += 61
    circuit.failed(DOWN, 1)
    circuit.check()  # one call, whatever is the matter with it
    with pytest.raises(EndpointError, match="refused"):
        circuit.failed(DOWN, 2)
    with pytest.raises(EndpointError, match="the same command resumes"):
        circuit.check()


def test_a_success_resets_the_time(clock: Clock) -> None:
    circuit = Circuit(patience=60, clock=clock)
    for call in range(10):
        circuit.failed(DOWN, call)
        clock.now += 59
        circuit.succeeded()
    circuit.failed(DOWN, 11)
    circuit.check()


@pytest.mark.parametrize("after_successes", [False, True])
def test_rejected_keys_end_it_soon(clock: Clock, after_successes: bool) -> None:
    circuit = Circuit(refusals=2, clock=clock)
    if after_successes:
        circuit.succeeded()
    circuit.failed(KeyRejected("the key was refused", status=401), 1)
    with pytest.raises(EndpointError, match="key"):
        circuit.failed(KeyRejected("the key was refused", status=401), 2)


def test_an_account_without_credit_ends_it_at_once(clock: Clock) -> None:
    with pytest.raises(EndpointError, match="credit"):
        Circuit(clock=clock).failed(KeyRejected("no credit", status=429, final=True), 1)


def test_one_forbidden_question_among_many_ends_nothing(clock: Clock) -> None:
    circuit = Circuit(refusals=2, clock=clock)
    circuit.succeeded()
    for call in range(5):
        circuit.failed(KeyRejected("forbidden", status=403), call)
    circuit.check()


def test_bad_requests_neither_pause_nor_end_it(clock: Clock) -> None:
    circuit = Circuit(clock=clock)
    for call in range(100):
        circuit.failed(PermanentCallError("bad request", status=400), call)
    assert not circuit.paused


def test_overload_is_waited_out_ten_times_as_long(clock: Clock) -> None:
    circuit = Circuit(patience=60, clock=clock)
    for call in range(9):
        circuit.failed(BUSY, call)
        clock.now += 60
    circuit.check()
    clock.now += 61
    with pytest.raises(EndpointError):
        circuit.failed(BUSY, 10)


def test_a_wait_that_no_run_waits_for_ends_it_and_says_so(clock: Clock) -> None:
    with pytest.raises(EndpointError, match="asks to wait 7200 s"):
        Circuit(clock=clock).failed(asking_for(7200, 429), 1)


async def test_a_stated_wait_holds_everyone_back() -> None:
    circuit, loop = Circuit(), asyncio.get_running_loop()
    start = loop.time()
    circuit.failed(asking_for(0.05), 1)
    assert circuit.paused
    await asyncio.gather(*(circuit.passing(call) for call in range(5)))
    assert loop.time() - start >= 0.04
    assert not circuit.paused


async def passed(circuit: Circuit, calls: int) -> tuple[list[int], Callable[[], None]]:
    """Calls that have passed so far, of so many that want to."""
    through: list[int] = []

    async def one(call: int) -> None:
        await circuit.passing(call)
        through.append(call)

    tasks = [asyncio.create_task(one(call)) for call in range(calls)]

    def cancel() -> None:
        for task in tasks:
            task.cancel()

    return through, cancel


async def test_half_open_lets_one_call_try() -> None:
    circuit = Circuit(failures=2, longest=0.01)
    for call in range(2):
        circuit.failed(DOWN, call)
    through, _ = await passed(circuit, 50)
    await asyncio.sleep(0.05)
    assert len(through) == 1
    circuit.failed(DOWN, through[0])
    circuit.left(through[0])
    await asyncio.sleep(0.1)
    assert len(through) == 2, "the next one tries"
    circuit.succeeded()
    circuit.left(through[1])
    await asyncio.sleep(0.02)
    assert len(through) == 50


async def test_a_cancelled_trial_gives_its_turn_away() -> None:
    circuit = Circuit(failures=1, longest=0.01)
    circuit.failed(DOWN, 1)
    first, cancel_first = await passed(circuit, 3)
    await asyncio.sleep(0.05)
    cancel_first()
    await asyncio.sleep(0)
    circuit.left(first[0])
    second, cancel = await passed(circuit, 3)
    await asyncio.sleep(0.05)
    assert len(second) == 1
    cancel()
