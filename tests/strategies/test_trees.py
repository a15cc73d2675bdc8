"""Tree searches: best-first, MCTS, AB-MCTS, REBASE and tree of thoughts."""

from __future__ import annotations

import math
from random import Random

import pytest

from its.candidates import Candidate
from its.models.protocol import Capabilities, Completion, Request, TokenLogprob
from its.strategies.ab_mcts import ABMCTS, draw_beta_mean, draw_gaussian_mean, gaussian_posterior
from its.strategies.best_first import BestFirst
from its.strategies.mcts import MCTS
from its.strategies.rebase import Rebase, widths
from its.strategies.tree_of_thoughts import TreeOfThoughts, vote_in
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment


def open_until(depth: int) -> ScriptedDoor:
    """Steps are their labels; a solution ends after `depth` of them."""

    def reply(request: Request, label: str) -> Completion:
        ends = not request.stop or request.continues.count("\n\n") == depth - 1
        return Completion(f"<{label}>", "end" if ends else "stop_string")

    return ScriptedDoor(reply)


def valued(values: dict[str, float], otherwise: float) -> FreeScorer:
    """Scores by the last step."""

    def value(candidate: Candidate) -> float:
        return values.get(candidate.text.strip().split("<")[-1].rstrip(">"), otherwise)

    return FreeScorer(value)


def parents(door: ScriptedDoor) -> dict[str, str]:
    """Which step each call continued ("" for the root)."""
    return {
        label: request.continues.strip().split("<")[-1].rstrip(">") for label, request in door.sent
    }


# --- MCTS ---------------------------------------------------------------------------------------


async def test_mcts_without_exploration_follows_the_best_mean() -> None:
    door = open_until(9)
    scorer = valued({"0": 0.2, "1": 0.6, "2": 0.7, "3": 0.3, "4": 0.1, "5": 0.1}, 0.5)
    strategy = MCTS(expansions=4, branching=2, exploration=0)
    await strategy.run(assignment(door, scorer=scorer))
    # 1 (.6) grows 2, 3: mean (.6+.7+.3)/3 = .53 > .2, so 2 (.7) grows 4, 5: mean of 1's tree .36,
    # of 2's .3, of 3 .3 (the earlier of equals): 2's tree goes on with 4
    assert [parents(door)[label] for label in "01234567"] == ["", "", "1", "1", "2", "2", "4", "4"]


async def test_mcts_exploration_goes_back_to_what_was_left() -> None:
    door = open_until(9)
    scorer = valued({"0": 0.4, "1": 0.5, "2": 0.4, "3": 0.4}, 0.4)
    await MCTS(expansions=3, branching=2, exploration=1.25).run(assignment(door, scorer=scorer))
    assert [parents(door)[label] for label in "012345"] == ["", "", "1", "1", "0", "0"]


async def test_mcts_priors_are_the_models_own_probabilities() -> None:
    def reply(request: Request, label: str) -> Completion:
        likely = TokenLogprob("x", math.log(0.9) if label == "1" else math.log(0.05))
        return Completion(f"<{label}>", "stop_string" if request.stop else "end", 1, (likely,))

    capable = Capabilities(n=True, continues="trailing", logprobs=True)
    door = ScriptedDoor(reply, capabilities=capable)
    await MCTS(expansions=2, branching=2).run(assignment(door, scorer=valued({"0": 0.55}, 0.5)))
    assert parents(door)["2"] == "1"
    assert door.sent[0][1].logprobs == 0


async def test_mcts_ends_its_best_prefixes_when_expansions_are_spent() -> None:
    door = open_until(99)
    strategy = MCTS(expansions=2, branching=3)
    outcome = await strategy.run(assignment(door, scorer=valued({}, 0.5)))
    assert [request.stop for _, request in door.sent] == [("\n\n",)] * 6 + [()] * 3
    assert len(outcome.candidates) == 3


# --- REBASE -------------------------------------------------------------------------------------


def test_rebase_widths_by_hand() -> None:
    # softmax of (.9, .5, .1) / .2 is (.867, .117, .016)
    assert widths([0.9, 0.5, 0.1], 8, 0.2) == [7, 1, 0]
    assert widths([0.5, 0.5], 4, 0.2) == [2, 2]
    assert widths([0.5, 0.5, 0.5], 1, 0.2) == [1, 0, 0]
    assert widths([0.5], 0, 0.2) == [0]
    assert widths([], 3, 0.2) == []


async def test_rebase_shares_the_next_steps_out_by_reward() -> None:
    door = open_until(2)
    scorer = valued({"0": 0.5, "1": 0.1, "2": 0.9, "3": 0.1}, 0.5)
    await Rebase(n=4).run(assignment(door, scorer=scorer))
    # softmax of (.9, .5, .1, .1) / .2 is (.854, .116, .016, .016)
    assert [parents(door)[str(i)] for i in range(4, 7)] == ["2", "2", "2"]
    assert len(door.sent) == 7


# --- AB-MCTS ------------------------------------------------------------------------------------


def test_gaussian_posterior_by_hand() -> None:
    assert gaussian_posterior([]) == (0.0, 1.0, 1.0, 0.1)
    # mean .75, Σ(x-mean)² = .125, κ n / (κ+n) mean² = .375: (.1 + .125 + .375) / 3 = .2
    assert gaussian_posterior([1.0, 0.5]) == pytest.approx((0.5, 3.0, 3.0, 0.2))


def test_draws_follow_their_posteriors() -> None:
    random = Random(1)
    scores = [0.8] * 30
    gaussian = [draw_gaussian_mean(scores, random) for _ in range(2000)]
    assert sum(gaussian) / 2000 == pytest.approx(24 / 31, abs=0.01)
    beta = [draw_beta_mean(scores, random) for _ in range(2000)]
    assert sum(beta) / 2000 == pytest.approx(24.5 / 31, abs=0.01)


@pytest.mark.parametrize("posterior", ["gaussian", "beta"])
async def test_ab_mcts_goes_deeper_where_refining_pays_and_wider_where_it_does_not(
    posterior: str,
) -> None:
    def depth(candidate: Candidate) -> int:
        return candidate.text.count("deeper")

    def reply(request: Request, label: str) -> str:
        draft = request.messages[-1].content
        return f"{'deeper ' * (draft.count('deeper') + ('earlier solution' in draft))}Answer: 1"

    async def shape(pays: bool) -> float:
        """The share of solutions that vary another, over several seeds."""
        deep = total = 0
        for seed in range(8):
            scorer = FreeScorer(
                lambda c: min(1.0, 0.2 + 0.2 * depth(c)) if pays else 0.6 - 0.5 * (depth(c) > 0)
            )
            strategy = ABMCTS(n=16, parallel=2, posterior=posterior)  # type: ignore[arg-type]
            task = assignment(ScriptedDoor(reply), scorer=scorer, seed=seed)
            outcome = await strategy.run(task)
            deep += sum(bool(candidate.parents) for candidate in outcome.candidates)
            total += len(outcome.candidates)
        return deep / total

    assert await shape(pays=True) > await shape(pays=False)


# --- tree of thoughts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("surely...\nsure", 20.0),
        ("It is likely, no: impossible", 0.001),
        ("Likely.", 1.0),
        ("8/10", None),
    ],
)
def test_votes(text: str, vote: float | None) -> None:
    assert vote_in(text) == vote


async def test_states_that_the_votes_favour_go_on() -> None:
    def reply(request: Request, label: str) -> Completion | str:
        if label.startswith("value/"):
            _, node, vote = label.split("/")
            return "sure" if node == "1" and vote != "0" else "impossible"
        ends = request.continues.count("\n\n") == 1
        return Completion(f"<{label}>", "end" if ends else "stop_string")

    door = ScriptedDoor(reply)
    strategy = TreeOfThoughts(keep=1, proposals=2, votes=3)
    outcome = await TreeOfThoughts(keep=2, proposals=2, votes=3).run(assignment(door))
    assert strategy.votes == 3
    assert [c.parents[0] for c in outcome.candidates][:2] == ["stage/1", "stage/1"]
    first = [label for label in door.labels if label.startswith("value/1/")]
    assert first == ["value/1/0", "value/1/1", "value/1/2"]
    assert outcome.candidates[0].step_scores[0] == pytest.approx((0.001 + 20 + 20) / 3 / 20)
    assert outcome.scores[0].candidate == outcome.candidates[0].id


# --- best-first and A* --------------------------------------------------------------------------


async def test_best_first_goes_on_from_the_best_prefix_of_all() -> None:
    door = open_until(3)
    scorer = valued({"0": 0.5, "1": 0.7, "2": 0.3, "3": 0.6, "4": 0.4, "5": 0.1}, 0.2)
    await BestFirst(n=4, branching=2).run(assignment(door, scorer=scorer))
    # 1 (.7) grows 2, 3; 3 (.6) grows the solutions 4, 5; 0 (.5) grows 6, 7; then 2 (.3) 8, 9
    made = parents(door)
    assert [made[str(i)] for i in range(10)] == ["", "", "1", "1", "3", "3", "0", "0", "2", "2"]
    assert len(made) == 10


async def test_a_star_looks_at_the_way_that_led_there() -> None:
    values = {"0": 0.9, "1": 0.8, "2": 0.5, "3": 0.4, "4": 0.6, "5": 0.4}
    plain, star = open_until(9), open_until(9)
    scorer = valued(values, 0.1)
    await BestFirst(branching=2).run(assignment(plain, scorer=scorer, completions=16))
    await BestFirst(branching=2, heuristic_weight=1.0).run(
        assignment(star, scorer=scorer, completions=16)
    )
    # 0 (.9) grows 2 (.5) and 3 (.4); by reward alone 1 (.8) is next: .5 + .8 = 1.3 against
    # 2's .9 + .5 = 1.4 under A*
    assert parents(plain)["4"] == "1"
    assert parents(star)["4"] == "2"


async def test_best_first_ends_its_queue_when_the_budget_does() -> None:
    door = open_until(99)
    outcome = await BestFirst(n=3, branching=2).run(
        assignment(door, scorer=valued({}, 0.5), completions=9)
    )
    assert [request.stop for _, request in door.sent] == [("\n\n",)] * 6 + [()] * 3
    assert len(outcome.candidates) == 3
