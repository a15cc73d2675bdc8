"""Independent samples of which some are stopped while they are written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from its.allocation.cutting_rules import LowConfidence, Repetition, Shortest
from its.allocation.stopping import Consensus
from its.answers import extract
from its.errors import CallError, TransientCallError
from its.models.protocol import Completion, Finish, Request, TokenLogprob
from its.strategies.attempts import Attempts
from its.strategies.best_of_n import BestOfN
from its.strategies.protocol import Savings
from its.strategies.self_consistency import SelfConsistency
from tests.strategies.scripted_door import ScriptedDoor, assignment


def written(answer: str, tokens: int = 10, *confidences: float) -> Completion:
    """A sample of so many tokens; where confidences are given, it has a token for each."""
    logprobs = tuple(TokenLogprob("x", 0.0, (("x", -confidence),)) for confidence in confidences)
    text = f"so\n\nAnswer: {answer}"
    return Completion(text, "end", len(confidences) or tokens, logprobs or None)


def door(*samples: Completion | CallError, shuffle: int | None = None) -> ScriptedDoor:
    def reply(request: Request, label: str) -> Completion | CallError:
        return samples[int(label)]

    return ScriptedDoor(reply, shuffle=shuffle)


# --- low confidence -----------------------------------------------------------------------------

DEEPCONF = LowConfidence(warm_up=2, keep=1.0, group=2)


async def test_the_first_samples_go_out_alone_and_set_what_the_others_are_measured_by() -> None:
    samples = [
        written("a", 0, 5, 3, 5),
        written("a", 0, 4, 4, 4),
        written("b", 0, 5, 5, 2.5),
        written("c", 0, 9, 4, 4),
    ]
    asked = door(*samples)
    outcome = await SelfConsistency(n=4, logprobs=1).run(assignment(asked, cuts=(DEEPCONF,)))
    assert asked.batches == [["0", "1"], ["2", "3"]]
    assert [candidate.id for candidate in outcome.candidates] == ["stage/0", "stage/1", "stage/3"]
    reason = "its confidence fell to 3.750, under 4.000, after 3 tokens"
    assert outcome.left_out == {"2": reason}
    assert not outcome.failures


async def test_of_the_first_samples_only_the_surest_count() -> None:
    rule = LowConfidence(warm_up=2, keep=0.5, group=2)
    asked = door(written("a", 0, 5, 5), written("b", 0, 4, 4), written("b", 0, 4, 4))
    outcome = await SelfConsistency(n=3, logprobs=1).run(assignment(asked, cuts=(rule,)))
    assert [candidate.id for candidate in outcome.candidates] == ["stage/0"]
    assert sorted(outcome.left_out) == ["1", "2"]


async def test_the_threshold_waits_for_samples_that_fail() -> None:
    asked = door(TransientCallError("no"), written("a", 0, 4, 4), written("b", 0, 3, 3))
    outcome = await SelfConsistency(n=3, logprobs=1).run(assignment(asked, cuts=(DEEPCONF,)))
    assert [candidate.id for candidate in outcome.candidates] == ["stage/1"]
    assert len(outcome.failures) == 1


async def test_what_was_left_out_abstains_before_the_stopping_rule() -> None:
    samples = [written("a", 0, 5, 5), written("a", 0, 5, 5), written("b", 0, 1, 1)]
    samples += [written("a", 0, 6, 6)] * 9
    asked = door(*samples)
    stop = Consensus(ratio=0.9, minimum=3)
    work = assignment(asked, cuts=(DEEPCONF,), stop=stop, lookahead=2)
    outcome = await SelfConsistency(n=12, logprobs=1).run(work)
    assert outcome.stopped
    assert [candidate.id for candidate in outcome.candidates] == ["stage/0", "stage/1"]
    assert set(asked.labels) <= {"0", "1", "2", "3", "4"}


async def test_of_the_first_samples_too_only_those_that_count_have_a_vote_there() -> None:
    rule = LowConfidence(warm_up=2, keep=0.5, group=1)
    asked = door(written("a", 0, 5), written("b", 0, 1), written("a", 0, 9))
    work = assignment(asked, cuts=(rule,), stop=Consensus(ratio=0.9, minimum=2))
    outcome = await SelfConsistency(n=3, logprobs=1).run(work)
    assert outcome.stopped
    assert asked.labels == ["0", "1"]


async def test_fewer_samples_than_the_first_ones_all_count() -> None:
    asked = door(written("a", 0, 5, 5), written("b", 0, 1, 1))
    rule = LowConfidence(warm_up=8)
    outcome = await Attempts(n=2, logprobs=1).run(assignment(asked, cuts=(rule,)))
    assert len(outcome.candidates) == 2


# --- the shortest of k --------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [None, 1, 2, 3])
async def test_the_shortest_samples_are_the_candidates(shuffle: int | None) -> None:
    lengths = [40, 10, 30, 10, 20]
    asked = door(*(written("a", tokens) for tokens in lengths), shuffle=shuffle)
    outcome = await SelfConsistency(n=5).run(assignment(asked, cuts=(Shortest(m=3),)))
    assert [candidate.id for candidate in outcome.candidates] == ["stage/1", "stage/3", "stage/4"]
    said = "it is not among the 3 shortest"
    assert outcome.left_out == {"0": said, "2": said}


async def test_all_of_them_start_whatever_the_stopping_rule_says() -> None:
    asked = door(*(written("a", tokens) for tokens in (5, 4, 3, 2)))
    stop = Consensus(ratio=0.6, minimum=1)
    outcome = await SelfConsistency(n=4).run(assignment(asked, cuts=(Shortest(m=1),), stop=stop))
    assert asked.labels == ["0", "1", "2", "3"]
    assert [candidate.id for candidate in outcome.candidates] == ["stage/3"]
    assert outcome.stopped, "no later stage need run"


async def test_the_best_of_the_shortest() -> None:
    asked = door(*(written("a", tokens) for tokens in (5, 4, 3)))
    outcome = await BestOfN(n=3).run(assignment(asked, cuts=(Shortest(m=2),)))
    assert [candidate.id for candidate in outcome.candidates] == ["stage/1", "stage/2"]


# --- loops --------------------------------------------------------------------------------------


async def test_a_loop_is_an_unfinished_candidate_with_the_answer_that_it_stated() -> None:
    again = "Answer: 7 is what I said, and I say it again now, and so on and on and on.\n"
    said = Completion("so\n\nAnswer: 12\n\n" + "so it is, " * 60, "length", 900)
    looped = Completion(again * 20, "length", 900)
    work = assignment(door(said, looped), cuts=(Repetition(),))
    outcome = await SelfConsistency(n=2).run(replace(work, read=lambda text: extract(text, "auto")))
    first, second = outcome.candidates
    assert first.answer is not None
    assert first.answer.text == "12"
    assert not first.complete
    assert not second.complete
    assert len(second.text) < len(looped.text)
    assert (first.tokens, second.tokens) == (None, None), "nobody knows of how many it consists"
    assert not outcome.left_out


# --- what was saved -----------------------------------------------------------------------------


def stopped(tokens: int | None, finish: Finish = "cut") -> Completion:
    return Completion("x", finish, tokens, cut="why")


async def test_savings_are_what_the_stopped_samples_lacked_to_those_that_none_could_stop() -> None:
    first = [written("a", 0, *[5] * 20), written("a", 0, *[5] * 30)]
    asked = door(*first, stopped(12), stopped(40), stopped(None), written("b", 0, *[5] * 90))
    outcome = await SelfConsistency(n=6, logprobs=1).run(assignment(asked, cuts=(DEEPCONF,)))
    assert outcome.savings == Savings(samples=2, written=52, saved=13)
    assert sorted(outcome.left_out) == ["2", "3", "4"]


async def test_a_loop_would_have_gone_on_to_its_limit() -> None:
    asked = door(written("a", 20), stopped(30, "loop"))
    outcome = await SelfConsistency(n=2).run(assignment(asked, cuts=(Repetition(),)))
    assert outcome.savings == Savings(samples=1, written=30, saved=70)


async def test_how_long_the_longer_ones_would_have_been_is_not_known() -> None:
    asked = door(written("a", 20), written("a", 30), stopped(31))
    outcome = await SelfConsistency(n=3).run(assignment(asked, cuts=(Shortest(m=2),)))
    assert outcome.savings == Savings(samples=1, written=31, saved=0)


async def test_without_a_rule_nothing_is_watched() -> None:
    outcome = await SelfConsistency(n=2).run(assignment(door(written("a"), written("b"))))
    assert len(outcome.candidates) == 2
    assert (outcome.left_out, outcome.savings.samples) == ({}, 0)
