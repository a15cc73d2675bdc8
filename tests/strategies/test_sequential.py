"""Sequential and mixed strategies: what is asked, in what order, and within what cap."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.answers.extraction import extract
from its.errors import CallError, ConfigurationError, TransientCallError, Unsupported
from its.models.protocol import Capabilities, Completion, Request
from its.parts import Need
from its.strategies import STRATEGIES
from its.strategies.budget_forcing import BudgetForcing
from its.strategies.debate import Debate
from its.strategies.mixture_of_agents import MixtureOfAgents
from its.strategies.parallel_distil_refine import ParallelDistilRefine
from its.strategies.plan_search import PlanSearch, combined, listed
from its.strategies.protocol import Strategy
from its.strategies.recursive_self_aggregation import RecursiveSelfAggregation
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment

SEQUENTIAL: dict[str, Strategy] = {
    "budget_forcing": BudgetForcing(n=2),
    "budget_forcing, marked": BudgetForcing(n=2, thinking_end="</think>"),
    "debate": Debate(),
    "mixture_of_agents": MixtureOfAgents(n=3),
    "parallel_distil_refine": ParallelDistilRefine(n=3, rounds=2),
    "plan_search": PlanSearch(n=4),
    "recursive_self_aggregation": RecursiveSelfAggregation(n=4, k=2, loops=3),
}
every_strategy = pytest.mark.parametrize("name", SEQUENTIAL)


def echo(request: Request, label: str) -> str:
    if label == "observations":
        return "- one\n- two\n- three"
    return f"text of {label}\n\nAnswer: {label[-1]}"


def failing(seed: int, share: float) -> ScriptedDoor:
    def reply(request: Request, label: str) -> str | CallError | Completion:
        random = Random(f"{seed}/{label}")
        if random.random() < share:
            troubles: list[CallError | Completion] = [
                TransientCallError("reset"),
                Completion("cut", "length"),
            ]
            return random.choice(troubles)
        return echo(request, label)

    return ScriptedDoor(reply)


def prompt_of(door: ScriptedDoor, label: str) -> str:
    return dict(door.sent)[label].messages[-1].content


@every_strategy
@settings(max_examples=15, deadline=None)
@given(
    completions=st.integers(0, 30),
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    shuffle=st.integers(),
)
async def test_the_cap_is_hard_and_arrival_changes_nothing(
    name: str, completions: int, seed: int, share: float, shuffle: int
) -> None:
    strategy, door = SEQUENTIAL[name], failing(seed, share)
    outcome = await strategy.run(assignment(door, completions=completions))
    assert len(door.sent) <= completions
    assert len(outcome.candidates) <= strategy.candidates_from(completions)
    if completions and not share:
        assert any(candidate.answer for candidate in outcome.candidates)
    shuffled = ScriptedDoor(door.script, shuffle=shuffle)
    assert await strategy.run(assignment(shuffled, completions=completions)) == outcome


# --- mixture of agents --------------------------------------------------------------------------


async def test_each_layer_sees_the_layer_before() -> None:
    door = ScriptedDoor(echo)
    outcome = await MixtureOfAgents(n=2, layers=2).run(assignment(door))
    assert door.labels == ["0/0", "0/1", "1/0", "1/1", "2/0"]
    for label in ("1/0", "1/1"):
        assert "text of 0/0" in prompt_of(door, label)
        assert "text of 0/1" in prompt_of(door, label)
    final = outcome.candidates[-1]
    assert final.parents == ("stage/1/0", "stage/1/1")
    assert "text of 0/0" not in prompt_of(door, "2/0")
    assert [c.style for c in outcome.candidates[:2]] == ["step_by_step", "edge_cases"]


@pytest.mark.parametrize(
    ("completions", "widths"),
    [(100, [4, 4, 1]), (9, [4, 4, 1]), (8, [4, 1]), (5, [4, 1]), (4, [4]), (1, [1]), (0, [])],
)
def test_a_small_budget_takes_layers_away_first(completions: int, widths: list[int]) -> None:
    assert MixtureOfAgents(n=4, layers=2).widths(completions) == widths


# --- recursive self-aggregation -----------------------------------------------------------------


async def test_the_last_population_are_the_candidates() -> None:
    door = ScriptedDoor(echo)
    outcome = await RecursiveSelfAggregation(n=3, k=2, loops=3).run(assignment(door))
    assert len(door.sent) == 9
    assert [c.id for c in outcome.candidates] == ["stage/2/0", "stage/2/1", "stage/2/2"]
    for candidate in outcome.candidates:
        assert len(set(candidate.parents)) == 2
        shown = prompt_of(door, candidate.id.removeprefix("stage/"))
        assert all(
            f"text of {parent.removeprefix('stage/')}" in shown for parent in candidate.parents
        )


async def test_who_is_aggregated_follows_the_seed() -> None:
    strategy = RecursiveSelfAggregation(n=4, k=2, loops=2)
    one = await strategy.run(assignment(ScriptedDoor(echo), seed=1))
    same = await strategy.run(assignment(ScriptedDoor(echo), seed=1))
    other = await strategy.run(assignment(ScriptedDoor(echo), seed=2))
    assert one == same
    assert [c.parents for c in one.candidates] != [c.parents for c in other.candidates]


# --- parallel-distil-refine ---------------------------------------------------------------------


async def test_drafts_are_distilled_and_the_next_start_from_the_notes() -> None:
    door = ScriptedDoor(echo)
    outcome = await ParallelDistilRefine(n=2, rounds=2, notes_tokens=50).run(assignment(door))
    assert door.labels == ["0/0", "0/1", "distil/1", "1/0", "1/1", "distil/2", "2/0"]
    assert dict(door.sent)["distil/1"].max_tokens == 50
    assert "text of distil/1" in prompt_of(door, "1/0")
    assert "text of 0/0" not in prompt_of(door, "1/0")
    assert [c.id for c in outcome.candidates] == [
        f"stage/{x}" for x in ("0/0", "0/1", "1/0", "1/1", "2/0")
    ]


async def test_a_failed_distillation_leaves_the_notes_as_they_were() -> None:
    def reply(request: Request, label: str) -> str | CallError:
        return TransientCallError("reset") if label == "distil/2" else echo(request, label)

    door = ScriptedDoor(reply)
    await ParallelDistilRefine(n=2, rounds=2).run(assignment(door))
    assert "text of distil/1" in prompt_of(door, "2/0")


@pytest.mark.parametrize(
    ("completions", "widths"),
    [(11, [4, 4, 1]), (10, [4, 1]), (6, [4, 1]), (5, [3, 1]), (4, [2, 1]), (3, [3]), (0, [])],
)
def test_rounds_within_a_budget(completions: int, widths: list[int]) -> None:
    assert ParallelDistilRefine(n=4, rounds=2).widths(completions) == widths


# --- debate -------------------------------------------------------------------------------------


async def test_agents_read_the_others_and_their_own_last_word() -> None:
    door = ScriptedDoor(echo)
    outcome = await Debate(agents=3, rounds=2).run(assignment(door))
    assert len(door.sent) == 6
    prompt = prompt_of(door, "1/1")
    own, others = prompt.split("Solutions of others")
    assert "text of 0/1" in own
    assert "text of 0/1" not in others
    assert "text of 0/0" in others
    assert "text of 0/2" in others
    assert outcome.candidates[4].parents == ("stage/0/1", "stage/0/0", "stage/0/2")


async def test_an_agent_that_failed_holds_to_what_it_said() -> None:
    def reply(request: Request, label: str) -> str | CallError:
        return TransientCallError("reset") if label == "1/0" else echo(request, label)

    door = ScriptedDoor(reply)
    outcome = await Debate(agents=2, rounds=3).run(assignment(door))
    assert "text of 0/0" in prompt_of(door, "2/1")
    assert len(outcome.candidates) == 5


# --- plan search --------------------------------------------------------------------------------


async def test_each_combination_of_observations_has_a_plan_and_a_solution() -> None:
    door = ScriptedDoor(echo)
    outcome = await PlanSearch(n=6).run(assignment(door))
    assert len(outcome.candidates) == 6
    assert len(door.sent) == 13
    points = [prompt_of(door, f"plan/{i}").count("\n- ") for i in range(6)]
    assert points == [1, 1, 1, 2, 2, 2]
    assert "text of plan/4" in prompt_of(door, "4")


@pytest.mark.parametrize("observed", ["", "  \n\n", TransientCallError("reset")])
async def test_where_nothing_is_observed_the_solutions_are_plain_ones(
    observed: str | CallError,
) -> None:
    def reply(request: Request, label: str) -> str | CallError:
        return observed if label == "observations" else echo(request, label)

    door = ScriptedDoor(reply)
    outcome = await PlanSearch(n=3).run(assignment(door, completions=7))
    assert [candidate.id for candidate in outcome.candidates] == [f"stage/{i}" for i in range(3)]
    assert len(door.sent) == 4


def test_lists_are_read_however_they_are_marked() -> None:
    assert listed("Here:\n- one\n* two\n3. three\n\n") == ["one", "two", "three"]
    assert listed("one\ntwo") == ["one", "two"]
    assert listed("") == []


def test_combinations_are_singles_then_pairs() -> None:
    found = combined(["a", "b", "c"], Random(0))
    assert sorted(found[:3]) == [("a",), ("b",), ("c",)]
    assert sorted(found[3:]) == [("a", "b"), ("a", "c"), ("b", "c")]


# --- budget forcing -----------------------------------------------------------------------------


async def test_wait_makes_the_model_go_on_and_every_answer_is_a_candidate() -> None:
    door = ScriptedDoor(echo)
    outcome = await BudgetForcing(waits=2).run(assignment(door))
    sent = [request.continues for _, request in door.sent]
    assert sent[0] == ""
    assert sent[1] == "text of 0/0\n\nAnswer: 0\nWait"
    assert sent[2].endswith("Answer: 1\nWait")
    assert [c.answer.text for c in outcome.candidates if c.answer] == ["0", "1", "2"]
    assert outcome.candidates[2].text.count("Wait") == 2


async def test_thinking_that_reaches_its_limit_is_made_to_answer() -> None:
    def reply(request: Request, label: str) -> Completion:
        return (
            Completion(" 7", "end")
            if "Answer:" in request.continues
            else Completion("on", "length")
        )

    door = ScriptedDoor(reply)
    strategy = BudgetForcing(waits=2, thinking_tokens=20, answer_tokens=5)
    outcome = await strategy.run(assignment(door))
    assert [request.max_tokens for _, request in door.sent] == [20, 5]
    assert door.sent[1][1].continues == "on\nAnswer:"
    assert outcome.candidates[-1].text == "on\nAnswer: 7"
    assert outcome.candidates[-1].complete
    assert not outcome.candidates[0].complete


async def test_a_forced_answer_counts_before_a_box_in_the_thinking() -> None:
    def reply(request: Request, label: str) -> Completion:
        if request.max_tokens == 5:
            return Completion(" 7", "end")
        return Completion("perhaps \\boxed{5}, or not", "length")

    strategy = BudgetForcing(thinking_tokens=20, answer_tokens=5)
    as_the_pipeline = replace(assignment(ScriptedDoor(reply)), read=extract)
    last = (await strategy.run(as_the_pipeline)).candidates[-1]
    assert last.answer is not None
    assert last.answer.text == "7"
    assert last.text.startswith("perhaps")


async def test_the_end_of_marked_thinking_is_held_back_until_the_last_wait() -> None:
    def reply(request: Request, label: str) -> Completion:
        return Completion("thought", "stop_string") if request.stop else Completion(" 7", "end")

    door = ScriptedDoor(reply)
    outcome = await BudgetForcing(waits=1, thinking_end="</think>").run(assignment(door))
    assert [request.stop for _, request in door.sent] == [("</think>",), ("</think>",), ()]
    assert outcome.candidates[0].text == "thought\nWaitthought\n</think>\nAnswer: 7"
    assert len(outcome.candidates) == 1


async def test_budget_forcing_is_refused_where_a_turn_cannot_be_continued() -> None:
    door = ScriptedDoor(echo, capabilities=Capabilities(continues="no"))
    with pytest.raises(Unsupported, match="endpoint cannot"):
        await BudgetForcing().run(assignment(door))
    assert door.sent == []


# --- the registry -------------------------------------------------------------------------------


def test_every_strategy_has_defaults_and_plans_within_any_budget() -> None:
    for kind in STRATEGIES.values():
        strategy = kind()
        for completions in range(40):
            assert 0 <= strategy.candidates_from(completions) <= completions


@pytest.mark.parametrize("name", STRATEGIES)
async def test_what_a_strategy_needs_is_refused_before_any_call(name: str) -> None:
    able = Capabilities(continues="trailing", logprobs=True)
    without_reward = ScriptedDoor(echo, capabilities=able)
    run = STRATEGIES[name]().run(assignment(without_reward, completions=5))
    if STRATEGIES[name]().needed() & {Need.REWARD, Need.PROCESS_REWARD}:
        with pytest.raises(ConfigurationError, match="needs a reward"):
            await run
        assert without_reward.sent == []
    else:
        await run
    unable = ScriptedDoor(echo, capabilities=Capabilities(continues="no"))
    scorer = FreeScorer(lambda candidate: 0.5)
    run = STRATEGIES[name]().run(assignment(unable, completions=5, scorer=scorer))
    if Need.CONTINUATION in STRATEGIES[name].needs:
        with pytest.raises(Unsupported):
            await run
        assert unable.sent == []
    else:
        await run
