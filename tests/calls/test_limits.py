"""Slots, rates and the admission."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from its.calls.limits import Admission, PerMinute, Slots, Waiting


async def test_slots_go_to_the_earliest_problem_first() -> None:
    slots, order = Slots(1), []
    await slots.acquire(0)

    async def wait(priority: int) -> None:
        await slots.acquire(priority)
        order.append(priority)
        slots.release()

    tasks = [asyncio.ensure_future(wait(priority)) for priority in (5, 2, 9, 2)]
    await asyncio.sleep(0)
    slots.release()
    await asyncio.gather(*tasks)
    assert order == [2, 2, 5, 9]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=40), st.integers(1, 4))
def test_no_slot_is_lost_when_waiters_are_cancelled(
    waiters: list[tuple[int, bool]], ceiling: int
) -> None:
    async def scenario() -> None:
        slots = Slots(ceiling)

        async def use(steps: int) -> None:
            await slots.acquire(0)
            try:
                assert slots.in_use <= ceiling
                for _ in range(steps):
                    await asyncio.sleep(0)
            finally:
                slots.release()

        tasks = [asyncio.ensure_future(use(steps)) for steps, _ in waiters]
        for task, (_, cancelled) in zip(tasks, waiters, strict=True):
            await asyncio.sleep(0)
            if cancelled:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert slots.in_use == 0
        for _ in range(ceiling):
            assert slots.take()
        assert not slots.take()

    asyncio.run(scenario())


async def test_overload_shrinks_the_limit_and_success_restores_it() -> None:
    slots = Slots(10, floor=3)
    slots.overloaded()
    assert slots.limit == 7
    slots.overloaded()
    assert slots.limit == 7, "one answer in a second is enough"
    for _ in range(7 + 8 + 9):
        slots.succeeded(1.0)
    assert slots.limit == 10
    for _ in range(20):
        slots.succeeded(1.0)
    assert slots.limit == 10


async def test_a_slower_endpoint_gets_no_more_than_it_has() -> None:
    slots = Slots(10)
    slots.succeeded(0.1)
    slots.overloaded()
    for _ in range(200):
        slots.succeeded(5.0)
    assert slots.limit == 7


async def test_a_rate_lets_a_burst_through_and_then_waits() -> None:
    rate = PerMinute(600)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(100):
        await rate.take(1)
    burst = loop.time() - started
    await rate.take(1)
    assert loop.time() - started > burst
    assert not PerMinute(None).limited


async def test_a_closed_gate_lets_no_call_through() -> None:
    admission = Admission()
    await admission.passing()
    admission.close()
    waiting = asyncio.ensure_future(admission.passing())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


def test_what_calls_wait_for_is_counted() -> None:
    waiting = Waiting()
    with waiting.for_("a free slot"), waiting.for_("a free slot"):
        assert waiting.reasons == {"a free slot": 2}
    assert waiting.reasons == {}
