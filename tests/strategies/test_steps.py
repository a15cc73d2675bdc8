"""How a prefix grows: separators, finish reasons, empty steps, and the end of a budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from its.candidates import Candidate
from its.errors import ConfigurationError, Unsupported
from its.models.protocol import Capabilities, Completion, Finish, Request
from its.prompts import load_prompt_set
from its.strategies.beam import Beam
from its.strategies.protocol import Outcome
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment

END = Completion("Answer: 7", "end", 2)


def script(*completions: Completion) -> ScriptedDoor:
    """A door that says these one after the other, whatever is asked."""
    following = iter(completions)
    return ScriptedDoor(lambda request, label: next(following))


async def one_path(door: ScriptedDoor, strategy: Beam, completions: int = 100) -> Outcome:
    scorer = FreeScorer(lambda candidate: 0.5)
    return await strategy.run(assignment(door, scorer=scorer, completions=completions))


async def test_a_step_ends_at_the_separator_and_the_next_one_continues_it() -> None:
    door = script(Completion("one", "stop_string", 1), Completion("two", "stop_string", 1), END)
    outcome = await one_path(door, Beam(n=1, branching=1))
    assert [request.continues for _, request in door.sent] == ["", "one\n\n", "one\n\ntwo\n\n"]
    assert {request.stop for _, request in door.sent} == {("\n\n",)}
    (candidate,) = outcome.candidates
    assert candidate.text == "one\n\ntwo\n\nAnswer: 7"
    assert candidate.complete
    assert candidate.tokens == 4
    assert candidate.step_scores == (0.5, 0.5, 0.5)


async def test_a_separator_of_its_own() -> None:
    door = script(Completion("1+1=2", "stop_string"), END)
    outcome = await one_path(door, Beam(n=1, branching=1, separator="\n"))
    assert door.sent[0][1].stop == ("\n",)
    assert outcome.candidates[0].text == "1+1=2\nAnswer: 7"


async def test_the_prompt_set_says_what_its_separator_is() -> None:
    door = script(Completion("1+1=2", "stop_string"), END)
    task = assignment(door, scorer=FreeScorer(lambda candidate: 0.5))
    await Beam(n=1, branching=1).run(replace(task, prompts=load_prompt_set("embedded")))
    assert door.sent[0][1].stop == ("\n",)
    assert door.sent[1][1].continues == "1+1=2\n"


@pytest.mark.parametrize(
    ("finish", "text", "calls", "complete"),
    [
        ("end", "no answer", 1, True),
        ("stop", "Answer: 7", 1, True),
        ("stop", "not yet", 2, True),
        ("stop_string", "Answer: 7", 2, True),
        ("length", "Answer: 7", 1, False),
    ],
)
async def test_the_finish_reason_decides(
    finish: Finish, text: str, calls: int, complete: bool
) -> None:
    door = script(Completion(text, finish), END)
    outcome = await one_path(door, Beam(n=1, branching=1))
    assert len(door.sent) == calls
    assert [candidate.complete for candidate in outcome.candidates] == [complete]


async def test_a_step_that_fills_its_token_limit_goes_on_where_it_stopped() -> None:
    door = script(Completion("half a", "length"), END)
    await one_path(door, Beam(n=1, branching=1, step_tokens=5))
    assert [request.max_tokens for _, request in door.sent] == [5, 5]
    assert door.sent[1][1].continues == "half a"


async def test_a_filtered_step_is_a_failure() -> None:
    outcome = await one_path(script(Completion("x", "filtered")), Beam(n=1, branching=1))
    assert outcome.candidates == ()


async def test_behind_an_empty_step_the_model_goes_on_to_its_end() -> None:
    door = script(Completion("one", "stop_string"), Completion(" ", "stop_string"), END)
    outcome = await one_path(door, Beam(n=1, branching=1))
    assert [request.stop for _, request in door.sent] == [("\n\n",), ("\n\n",), ()]
    assert [candidate.complete for candidate in outcome.candidates] == [True]


async def test_an_empty_step_twice_is_a_failure() -> None:
    door = script(Completion(" ", "stop_string"), Completion("", "end"))
    outcome = await one_path(door, Beam(n=1, branching=1))
    assert outcome.candidates == ()


async def test_when_the_budget_ends_prefixes_are_carried_to_their_end_at_once() -> None:
    def never_ending(request: Request, label: str) -> Completion:
        return END if not request.stop else Completion("step", "stop_string")

    door = ScriptedDoor(never_ending)
    outcome = await one_path(door, Beam(n=4, branching=2), completions=12)
    assert len(door.sent) == 12
    assert [request.stop for _, request in door.sent[-4:]] == [()] * 4
    assert [candidate.complete for candidate in outcome.candidates] == [True] * 4


async def test_a_solution_of_too_many_steps_is_carried_to_its_end() -> None:
    def never_ending(request: Request, label: str) -> Completion:
        return END if not request.stop else Completion("step", "stop_string")

    door = ScriptedDoor(never_ending)
    await one_path(door, Beam(n=1, branching=1, max_steps=3))
    assert [request.stop for _, request in door.sent] == [("\n\n",)] * 3 + [()]


async def test_an_endpoint_that_cannot_continue_is_refused_before_any_call() -> None:
    door = ScriptedDoor(lambda *_: END, capabilities=Capabilities(continues="no"))
    with pytest.raises(Unsupported, match="endpoint cannot"):
        await one_path(door, Beam())
    assert door.sent == []


async def test_without_a_reward_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="reward"):
        await Beam().run(assignment(script(END)))


async def test_prefixes_are_scored_as_prefixes_and_solutions_as_solutions() -> None:
    door = script(Completion("one", "stop_string"), END)
    scorer = FreeScorer(lambda candidate: 0.5)
    await Beam(n=1, branching=1).run(assignment(door, scorer=scorer))
    prefix, whole = scorer.seen
    assert prefix == Candidate(id="stage/0", text="one\n\n", answer=None, complete=False)
    assert whole.complete
    assert whole.answer is not None


async def test_the_trace_says_which_nodes_grew_and_how_prefixes_scored() -> None:
    door = script(Completion("one", "stop_string"), END)
    await one_path(door, Beam(n=1, branching=1))
    assert door.events == [
        (
            "decision",
            {
                "decision": "expand",
                "reason": "the question → 0",
                "round": 0,
                "nodes": {"stage/0": ""},
            },
        ),
        ("score", {"candidate": "stage/0", "value": 0.5, "reward": "toy", "prefix": True}),
        (
            "decision",
            {
                "decision": "expand",
                "reason": "0 → 1",
                "round": 1,
                "nodes": {"stage/1": "stage/0"},
            },
        ),
    ]
