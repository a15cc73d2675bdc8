"""Deep reasoning: a draft, then critique and revision, everything a candidate."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import CallError, TransientCallError
from its.models.protocol import Request
from its.strategies.deep_reasoning import DeepReasoning
from its.strategies.protocol import Critic
from tests.strategies.scripted_door import PROMPTS, ScriptedDoor, assignment


def echo(request: Request, label: str) -> str:
    return f"text of {label}\n\nAnswer: {label[-1]}"


async def test_every_draft_and_revision_is_a_candidate() -> None:
    door = ScriptedDoor(echo)
    outcome = await DeepReasoning(rounds=2).run(assignment(door))
    assert door.labels == ["0/draft", "0/critique/1", "0/refine/1", "0/critique/2", "0/refine/2"]
    assert [c.id for c in outcome.candidates] == [
        "stage/0/draft",
        "stage/0/refine/1",
        "stage/0/refine/2",
    ]
    assert [c.parents for c in outcome.candidates] == [
        (),
        ("stage/0/draft",),
        ("stage/0/refine/1",),
    ]


async def test_the_draft_is_asked_for_in_four_parts() -> None:
    door = ScriptedDoor(echo)
    await DeepReasoning(rounds=0).run(assignment(door))
    prompt = door.sent[0][1].messages[-1].content
    assert all(part in prompt for part in ("Understanding", "Approach", "Solution", "Verification"))


async def test_a_revision_sees_the_question_the_last_draft_and_its_critique() -> None:
    door = ScriptedDoor(echo)
    await DeepReasoning(rounds=2).run(assignment(door))
    prompt = dict(door.sent)["0/refine/2"].messages[-1].content
    assert "What is it?" in prompt
    assert "text of 0/refine/1" in prompt
    assert "text of 0/critique/2" in prompt
    assert "text of 0/draft" not in prompt


async def test_a_failed_critique_ends_its_chain_and_keeps_what_came_before() -> None:
    def reply(request: Request, label: str) -> str | CallError:
        return TransientCallError("reset") if label == "1/critique/1" else echo(request, label)

    outcome = await DeepReasoning(rounds=1, n=2).run(assignment(ScriptedDoor(reply)))
    assert [c.id for c in outcome.candidates] == [
        "stage/0/draft",
        "stage/0/refine/1",
        "stage/1/draft",
    ]
    assert outcome.failures == ("stage/1/critique/1: reset",)


async def test_another_model_may_be_the_critic() -> None:
    door, judge = ScriptedDoor(echo), ScriptedDoor(echo)
    critic = Critic(judge, PROMPTS)
    await DeepReasoning(rounds=1).run(replace(assignment(door), critic=critic))
    assert door.labels == ["0/draft", "0/refine/1"]
    assert judge.labels == ["0/critique/1"]


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 3), st.integers(1, 4), st.integers())
async def test_the_cap_is_hard_and_no_critique_is_left_without_its_revision(
    completions: int, rounds: int, n: int, shuffle: int
) -> None:
    strategy = DeepReasoning(rounds=rounds, n=n)
    door = ScriptedDoor(echo, shuffle=shuffle)
    outcome = await strategy.run(assignment(door, completions=completions))
    assert len(door.sent) <= completions
    assert len(outcome.candidates) == strategy.candidates_from(completions)
    critiques = sum("critique" in label for label in door.labels)
    assert critiques == sum("refine" in label for label in door.labels)
    again = ScriptedDoor(echo)
    assert await strategy.run(assignment(again, completions=completions)) == outcome
