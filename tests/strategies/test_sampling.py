"""Independent samples: attempts, self-consistency, best-of-n and greedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.allocation.stopping import DiminishingReturns, StoppingRule
from its.answers import extract
from its.errors import CallError, PermanentCallError, TransientCallError
from its.models.protocol import Completion, Request, TokenLogprob
from its.strategies.attempts import FIVE_STYLES, Attempts
from its.strategies.best_of_n import BestOfN
from its.strategies.greedy import Greedy
from its.strategies.self_consistency import SelfConsistency
from tests.strategies.scripted_door import ScriptedDoor, assignment


@dataclass(frozen=True, slots=True)
class Agreement(StoppingRule):
    """Stops once one class has `k` votes: the least number of further samples that could do it."""

    name = "agreement"
    k: int
    asked: list[tuple[int | None, ...]] = field(default_factory=list)

    def further_samples(self, answers: Sequence[int | None], left: int | None = None) -> int:
        if tuple(answers) not in self.asked[-1:]:  # the last ones are asked about once more
            self.asked.append(tuple(answers))
        votes = Counter(answer for answer in answers if answer is not None)
        return max(0, self.k - max(votes.values(), default=0))


def answers(script: str) -> ScriptedDoor:
    """A door whose sample number i answers with letter i of the script; "." has no answer."""

    def reply(request: Request, label: str) -> str:
        letter = script[int(label)]
        return "no idea" if letter == "." else f"so\n\nAnswer: {letter}"

    return ScriptedDoor(reply)


async def test_attempts_take_the_five_styles_in_turn() -> None:
    door = answers("abcdefg")
    outcome = await Attempts(n=7).run(assignment(door))
    assert [c.style for c in outcome.candidates] == [*FIVE_STYLES, *FIVE_STYLES[:2]]
    assert [c.id for c in outcome.candidates] == [f"stage/{i}" for i in range(7)]
    sent = {label: request.messages[-1].content for label, request in door.sent}
    assert "backwards" in sent["2"]
    assert sent["0"] == sent["5"]


async def test_samples_of_one_prompt_are_asked_for_together() -> None:
    door = answers("abab")
    await SelfConsistency(n=4).run(assignment(door))
    assert door.batches == [["0", "1", "2", "3"]]


async def test_samples_of_one_style_are_asked_for_together() -> None:
    door = answers("abababab")
    await Attempts(n=5, styles=("backwards", "analogy")).run(assignment(door))
    assert sorted(door.batches) == [["0", "2", "4"], ["1", "3"]]


async def test_greedy_asks_once_at_temperature_zero() -> None:
    door = answers("a")
    outcome = await Greedy().run(assignment(door, stop=Agreement(2)))
    assert [request.temperature for _, request in door.sent] == [0.0]
    assert not outcome.stopped


async def test_the_rule_draws_only_what_it_needs() -> None:
    door, rule = answers("abacaxxx"), Agreement(3)
    outcome = await SelfConsistency(n=8).run(assignment(door, stop=rule))
    assert outcome.stopped
    assert [len(asked) for asked in rule.asked] == [0, 3, 4, 5]
    assert sorted(door.labels) == list("01234")


async def test_the_rule_sees_classes_and_abstentions_in_the_order_of_ordinals() -> None:
    door, rule = answers("a.bba"), Agreement(3)
    outcome = await SelfConsistency(n=5).run(assignment(door, stop=rule))
    assert rule.asked[-1] == (0, None, 1, 1, 0)
    assert not outcome.stopped
    assert len(outcome.candidates) == 5


@settings(deadline=None)
@given(st.text("ab.", min_size=1, max_size=20), st.integers(1, 5), st.integers(0, 6), st.integers())
async def test_lookahead_and_arrival_change_nothing_but_what_is_in_flight(
    script: str, k: int, lookahead: int, shuffle: int
) -> None:
    plain = answers(script)
    ahead = ScriptedDoor(plain.script, shuffle=shuffle)
    strategy = SelfConsistency(n=len(script))
    expected = await strategy.run(assignment(plain, stop=Agreement(k)))
    outcome = await strategy.run(assignment(ahead, stop=Agreement(k), lookahead=lookahead))
    assert outcome == expected
    wasted = set(ahead.labels) - set(plain.labels)
    assert len(wasted) <= lookahead


async def test_the_prefix_that_decides_cancels_the_higher_ordinals() -> None:
    door = answers("aaxxxxxx")
    door.never = {"2", "3", "4"}
    outcome = await SelfConsistency(n=8).run(assignment(door, stop=Agreement(2), lookahead=3))
    assert [c.id for c in outcome.candidates] == ["stage/0", "stage/1"]
    assert door.cancelled == ["2", "3", "4"]


async def test_best_of_n_ignores_the_stopping_rule() -> None:
    door = answers("aaaaaa")
    outcome = await BestOfN(n=6).run(assignment(door, stop=Agreement(2)))
    assert len(outcome.candidates) == 6


@pytest.mark.parametrize("lookahead", [0, 2])
async def test_one_failed_sample_costs_only_itself(lookahead: int) -> None:
    def reply(request: Request, label: str) -> str | CallError:
        return TransientCallError("reset") if label == "3" else "Answer: a"

    rule = Agreement(8)
    door = ScriptedDoor(reply)
    outcome = await Attempts(n=8).run(assignment(door, stop=rule, lookahead=lookahead))
    assert [c.id for c in outcome.candidates] == [f"stage/{i}" for i in range(8) if i != 3]
    assert outcome.failures == ("stage/3: reset",)
    assert rule.asked[-1] == (0, 0, 0, None, 0, 0, 0, 0)


async def test_a_spent_budget_ends_the_drawing() -> None:
    door = answers("abcabcabc")
    door.budget = 4
    outcome = await SelfConsistency(n=9).run(assignment(door, stop=Agreement(3)))
    assert [c.id for c in outcome.candidates] == [f"stage/{i}" for i in range(4)]
    assert len(door.sent) == 4
    assert not outcome.stopped


async def test_a_request_that_failed_for_good_is_not_sent_again() -> None:
    door = ScriptedDoor(lambda request, label: PermanentCallError("prompt too long"))
    outcome = await SelfConsistency(n=9).run(assignment(door, stop=Agreement(2)))
    assert sorted(door.labels) == ["0", "1"]
    assert len(outcome.failures) == 9


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(1, 12), st.integers(0, 4))
async def test_completions_are_a_hard_cap(completions: int, n: int, lookahead: int) -> None:
    for strategy in (Attempts(n=n), SelfConsistency(n=n), BestOfN(n=n), Greedy()):
        door = answers("abcdefghijkl")
        outcome = await strategy.run(
            assignment(door, completions=completions, stop=Agreement(3), lookahead=lookahead)
        )
        assert len(door.sent) <= completions
        assert len(outcome.candidates) <= strategy.candidates_from(completions)


async def test_a_text_cut_short_is_no_complete_candidate_and_its_guess_no_answer() -> None:
    logprobs = (TokenLogprob("a", -0.5), TokenLogprob("b", -1.5))
    door = ScriptedDoor(lambda *_: Completion("Answer: 7 plus", "length", 3, logprobs))
    outcome = await SelfConsistency(n=1, logprobs=True).run(assignment(door))
    (candidate,) = outcome.candidates
    assert not candidate.complete
    assert candidate.tokens == 3
    assert candidate.mean_logprob == -1.0
    assert door.sent[0][1].logprobs == 0
    assert candidate.token_confidences == ()


async def test_the_confidence_of_a_token_is_that_of_its_alternatives() -> None:
    top = (("a", -0.5), ("b", -1.5))
    logprobs = (TokenLogprob("a", -0.5, top), TokenLogprob("c", -3.0))
    door = ScriptedDoor(lambda *_: Completion("Answer: 7", "end", 2, logprobs))
    outcome = await SelfConsistency(n=1, logprobs=2).run(assignment(door))
    (candidate,) = outcome.candidates
    assert door.sent[0][1].logprobs == 2
    assert candidate.token_confidences == (1.0,)


async def test_what_is_no_call_error_is_not_swallowed() -> None:
    def reply(request: Request, label: str) -> str:
        raise ZeroDivisionError

    for lookahead in (0, 2):
        door = ScriptedDoor(reply)
        task = assignment(door, stop=Agreement(2), lookahead=lookahead)
        with pytest.raises(ZeroDivisionError):
            await Attempts(n=5).run(task)


def guesses(script: str) -> ScriptedDoor:
    """A door whose sample number i guesses digit i of the script, or states it where in capitals:
    "7" ends in a bare number, "S" states 7."""

    def reply(request: Request, label: str) -> str:
        letter = script[int(label)]
        return "So we get\n\nAnswer: 7" if letter == "S" else f"First this, then that {letter}"

    return ScriptedDoor(reply)


async def test_guesses_never_steer_a_stopping_rule() -> None:
    door, rule = guesses("3333SS33"), Agreement(2)
    given_ = replace(assignment(door, stop=rule), read=extract)
    outcome = await SelfConsistency(n=8).run(given_)
    assert outcome.stopped
    assert [c.answer is not None and c.answer.fallback for c in outcome.candidates[:4]] == [
        True
    ] * 4
    assert len(outcome.candidates) == 6, "the four guesses that agree do not end it"
    assert rule.asked[-1] == (None, None, None, None, 1, 1)


async def test_a_rule_knows_how_many_samples_the_stage_may_still_draw() -> None:
    door = answers("aa" + "b" * 38)
    outcome = await SelfConsistency(n=3).run(assignment(door, stop=DiminishingReturns()))
    assert len(outcome.candidates) == 2
    door = answers("aa" + "b" * 38)
    whole = await SelfConsistency(n=40).run(assignment(door, stop=DiminishingReturns()))
    assert len(whole.candidates) > 2


async def test_a_stage_that_ends_has_stopped_only_where_a_later_one_could_not_change_it() -> None:
    """With little left to draw nothing can change here, but a later stage could change it."""
    for script, agrees in (("ab", False), ("aab", False), ("a" * 40, True)):
        outcome = await SelfConsistency(n=len(script)).run(
            assignment(answers(script), stop=DiminishingReturns())
        )
        assert outcome.stopped is agrees
