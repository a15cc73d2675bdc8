"""Several models in one stage: whose turn it is, what each is asked, which one a search picks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.candidates import Candidate
from its.errors import TransientCallError
from its.prompts import PromptSet, load_prompt_set
from its.strategies.ab_mcts import ABMCTS
from its.strategies.attempts import Attempts
from its.strategies.mixture_of_agents import MixtureOfAgents
from its.strategies.model_turns import model_turns
from its.strategies.protocol import Assignment, Outcome, StageModel, Strategy
from tests.strategies.scripted_door import PROMPTS, FreeScorer, ScriptedDoor, assignment

OTHER_PROMPTS = load_prompt_set("general", {"prompts": {"attempt": "BRIEFLY {question} {style}"}})


@dataclass
class Doors:
    """A door for each model; each says its model's name as the answer."""

    budget: int | None = None
    shuffle: int | None = None
    doors: dict[str, NamedDoor] = field(default_factory=dict)

    def to(self, model: str) -> NamedDoor:
        if model not in self.doors:
            self.doors[model] = NamedDoor(model, self)
        return self.doors[model]


class NamedDoor(ScriptedDoor):
    def __init__(self, model: str, doors: Doors) -> None:
        super().__init__(
            lambda request, label: f"By {model}. Answer: {model}", shuffle=doors.shuffle
        )
        self._doors = doors

    def to(self, model: str, strategy: str | None = None) -> NamedDoor:
        return self._doors.to(model)


def shared(doors: Doors, *models: StageModel, **settings: object) -> Assignment:
    plain = assignment(doors.to(models[0].name), **settings)  # type: ignore[arg-type]
    return replace(plain, models=models)


def two(prompts: PromptSet = PROMPTS) -> tuple[StageModel, StageModel]:
    return StageModel("a", PROMPTS), StageModel("b", prompts)


def models_of(outcome: Outcome) -> list[str]:
    return [candidate.model for candidate in outcome.candidates]


# --- turns --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "turns"),
    [
        ([1, 1], "ababab"),
        ([2, 1], "abaaba"),
        ([5, 1, 1], "aabacaa"),  # the known order of smooth weighted round robin
        ([0.1, 0.1, 0.1], "abcabc"),
    ],
)
def test_turns_by_hand(shares: Sequence[float], turns: str) -> None:
    models = [StageModel(name, PROMPTS, share) for name, share in zip("abc", shares, strict=False)]
    assert "".join(name for name, _ in model_turns(models, len(turns))) == turns


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 60))
def test_every_first_part_of_the_turns_keeps_the_shares(shares: list[int], count: int) -> None:
    models = [StageModel(str(place), PROMPTS, share) for place, share in enumerate(shares)]
    turns = Counter(name for name, _ in model_turns(models, count))
    for place, share in enumerate(shares):
        assert abs(turns[str(place)] - count * share / sum(shares)) <= len(shares)


def test_a_stage_on_one_model_has_turns_of_its_own() -> None:
    assert model_turns((), 3) == [("", 0), ("", 1), ("", 2)]


# --- strategies that take turns -----------------------------------------------------------------


async def test_attempts_take_the_models_in_turn_and_each_goes_through_the_styles() -> None:
    doors = Doors()
    strategy = Attempts(n=4, styles=("step_by_step", "backwards"))
    outcome = await strategy.run(shared(doors, *two(OTHER_PROMPTS)))
    assert models_of(outcome) == ["a", "b", "a", "b"]
    assert [each.answer and each.answer.text for each in outcome.candidates] == ["a", "b"] * 2
    assert [each.style for each in outcome.candidates] == [
        *("step_by_step", "step_by_step"),
        *("backwards", "backwards"),
    ]
    asked = [request.messages[-1].content for _, request in doors.to("b").sent]
    assert all(text.startswith("BRIEFLY") for text in asked), "each model has its own prompts"
    assert doors.to("a").labels == ["0", "2"], "labels stay unique in the stage"


async def test_attempts_keep_the_stated_shares_with_too_little_budget_too() -> None:
    models = (StageModel("a", PROMPTS, 3), StageModel("b", PROMPTS, 1))
    outcome = await Attempts(n=8).run(shared(Doors(), *models, completions=4))
    assert Counter(models_of(outcome)) == {"a": 3, "b": 1}


async def test_proposers_of_a_mixture_are_of_different_models_and_the_first_aggregates() -> None:
    outcome = await MixtureOfAgents(n=4, layers=2).run(shared(Doors(), *two()))
    assert models_of(outcome) == ["a", "b", "a", "b"] * 2 + ["a"]
    assert len(outcome.candidates[-1].parents) == 4


# --- AB-MCTS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("posterior", ["gaussian", "beta"])
async def test_ab_mcts_gives_most_of_its_budget_to_the_better_model(posterior: str) -> None:
    counts = Counter[str]()
    for seed in range(6):
        scorer = FreeScorer(lambda c: 0.9 if "By b" in c.text else 0.1)
        strategy = ABMCTS(n=24, parallel=2, posterior=posterior)  # type: ignore[arg-type]
        outcome = await strategy.run(shared(Doors(), *two(), scorer=scorer, seed=seed))
        counts.update(models_of(outcome))
    assert counts.total() == 6 * 24
    assert counts["b"] > 0.7 * counts.total()
    assert counts["a"] >= 6, "the worse one is tried, too"


async def test_ab_mcts_treats_equal_models_alike() -> None:
    counts = Counter[str]()
    for seed in range(20):
        task = shared(Doors(), *two(), scorer=FreeScorer(lambda c: 0.5), seed=seed)
        counts.update(models_of(await ABMCTS(n=12).run(task)))
    assert 0.35 < counts["a"] / counts.total() < 0.65


@pytest.mark.parametrize(
    "strategy", [Attempts(n=6), MixtureOfAgents(n=3), ABMCTS(n=9)], ids=lambda each: str(each.name)
)
async def test_the_order_of_arrival_changes_nothing(strategy: Strategy) -> None:
    def quality(candidate: Candidate) -> float:
        return 0.8 if "By b" in candidate.text else 0.3

    async def outcome(shuffle: int) -> Outcome:
        scorer = FreeScorer(quality)
        return await strategy.run(shared(Doors(shuffle=shuffle), *two(), scorer=scorer))

    first = await outcome(0)
    assert set(models_of(first)) == {"a", "b"}
    for shuffle in range(1, 5):
        assert await outcome(shuffle) == first


async def test_a_model_that_fails_costs_only_its_own_candidates() -> None:
    doors = Doors()

    doors.to("b").script = lambda request, label: TransientCallError("down")
    outcome = await Attempts(n=4).run(shared(doors, *two()))
    assert models_of(outcome) == ["a", "a"]
    assert len(outcome.failures) == 2
