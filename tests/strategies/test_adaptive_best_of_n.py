"""Best-of-n that ends when another sample is not worth its price."""

from __future__ import annotations

import pytest

from its.candidates import Candidate
from its.errors import ConfigurationError, TransientCallError
from its.models.protocol import Request
from its.strategies.adaptive_best_of_n import AdaptiveBestOfN
from tests.strategies.scripted_door import AskingScorer, FreeScorer, ScriptedDoor, assignment


def numbered(request: Request, label: str) -> str:
    return f"Sample {label}. Answer: {label}"


def by_number(*values: float) -> FreeScorer:
    def value(candidate: Candidate) -> float:
        return values[int(candidate.id.rpartition("/")[2])]

    return FreeScorer(value)


async def test_equal_rewards_end_it_after_the_first_samples() -> None:
    door = ScriptedDoor(numbered)
    task = assignment(door, scorer=by_number(*[0.6] * 16))
    outcome = await AdaptiveBestOfN(first=3).run(task)
    assert door.labels == ["0", "1", "2"]
    assert "expected to add 0.000" in outcome.note
    assert not outcome.stopped, "later stages still run"


async def test_it_goes_on_while_another_sample_pays() -> None:
    # After four the gain is .0482 (see the rule's own test); .9 as the fifth makes it small.
    values = (0.1, 0.2, 0.3, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    door = ScriptedDoor(numbered)
    await AdaptiveBestOfN(n=9, price=0.049).run(assignment(door, scorer=by_number(*values)))
    assert len(door.sent) == 4
    door = ScriptedDoor(numbered)
    await AdaptiveBestOfN(n=9, price=0.048).run(assignment(door, scorer=by_number(*values)))
    assert len(door.sent) > 4


async def test_the_price_of_scores_counts_within_the_budget() -> None:
    door = ScriptedDoor(numbered, budget=7)
    scorer = AskingScorer(lambda c: float(c.id[-1] == "0"), door)
    outcome = await AdaptiveBestOfN(n=9, price=1e-9).run(
        assignment(door, completions=7, scorer=scorer)
    )
    assert len(outcome.candidates) == len(outcome.scores) == 3
    assert len(door.sent) <= 7


async def test_the_order_of_arrival_changes_nothing() -> None:
    values = (0.1, 0.4, 0.2, 0.5, 0.3, 0.6, 0.2, 0.8, 0.4)
    found = []
    for shuffle in range(5):
        door = ScriptedDoor(numbered, shuffle=shuffle)
        found.append(await AdaptiveBestOfN(n=9).run(assignment(door, scorer=by_number(*values))))
    assert all(outcome == found[0] for outcome in found)


async def test_a_sample_that_fails_costs_only_itself() -> None:
    door = ScriptedDoor(
        lambda _, label: TransientCallError("down") if label == "1" else "Answer: 1"
    )
    outcome = await AdaptiveBestOfN(n=3, first=3).run(
        assignment(door, scorer=FreeScorer(lambda c: 0.5))
    )
    assert len(outcome.candidates) == 2
    assert len(outcome.failures) == 1


async def test_it_needs_a_reward() -> None:
    with pytest.raises(ConfigurationError):
        await AdaptiveBestOfN().run(assignment(ScriptedDoor(numbered)))
