"""What a worker has to say is said once, and what is taken back in time is not said at all."""

from __future__ import annotations

import asyncio

import pytest

from its.calls.entries import Decided
from its.errors import EndpointError, RunDirectoryError
from its.ray.link import Link
from its.ray.messages import GiveBack, Take

ONE = Take("model", "tokens", 5.0)


async def test_what_is_written_is_written_once_the_next_message_comes() -> None:
    link = Link()
    first = asyncio.create_task(link.record(Decided(b"p", "a", "1")))
    await link.something(1.0)
    assert link.take()[0] == [Decided(b"p", "a", "1")]
    second = asyncio.create_task(link.record(Decided(b"p", "b", "2")))
    await asyncio.sleep(0)
    link.arrived()
    await first
    assert not second.done(), "it has not been said yet"
    assert link.take()[0] == [Decided(b"p", "b", "2")]
    link.arrived()
    await second


async def test_a_question_is_answered_with_yes_or_why_not() -> None:
    link = Link()
    asked = [asyncio.create_task(link.ask(ONE)) for _ in range(2)]
    await asyncio.sleep(0)
    (yes, _), (no, _) = link.take()[1]
    link.answered(yes, None)
    link.answered(no, EndpointError("the key is rejected"))
    await asked[0]
    with pytest.raises(EndpointError, match="rejected"):
        await asked[1]


async def test_a_question_that_nobody_waits_for_is_taken_back_or_undone() -> None:
    link = Link()
    early = asyncio.create_task(link.ask(ONE, undo=GiveBack(*ONE)))
    await asyncio.sleep(0)
    early.cancel()
    await asyncio.wait((early,))
    _, questions, signals, _ = link.take()
    assert (questions, signals) == ([], [])


@pytest.mark.parametrize("when", ["before", "with"])
@pytest.mark.parametrize(
    ("said", "undone"), [(None, [GiveBack("model", "tokens", 5.0)]), (EndpointError("no"), [])]
)
async def test_what_was_granted_to_nobody_is_given_back(
    when: str, said: EndpointError | None, undone: list[GiveBack]
) -> None:
    """The wait is cancelled before the answer comes, or in the same turn of the loop."""
    link = Link()
    late = asyncio.create_task(link.ask(ONE, undo=GiveBack(*ONE)))
    await asyncio.sleep(0)
    ((number, _),) = link.take()[1]
    if when == "with":
        link.answered(number, said)
    late.cancel()
    await asyncio.wait((late,))
    if when == "before":
        assert link.take()[2] == []
        link.answered(number, said)
    assert link.take()[2] == undone


async def test_nothing_waits_for_a_run_that_has_ended() -> None:
    link = Link()
    waiting = asyncio.create_task(link.record(Decided(b"p", "a", "1")))
    await asyncio.sleep(0)
    link.close()
    await asyncio.wait((waiting,))
    assert waiting.cancelled()
    with pytest.raises(RunDirectoryError, match="has ended"):
        await link.record(Decided(b"p", "a", "1"))
