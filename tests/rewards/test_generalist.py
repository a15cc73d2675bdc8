"""The generalist reward model: shuffling, voting, meta reward, repair, adaptive samples."""

from __future__ import annotations

import re

import pytest

from its.candidates import Answer, Candidate
from its.models.protocol import Capabilities
from its.problems.problem import Question
from its.prompts import load_prompt_set
from its.rewards import Generalist
from its.rewards.judgements import Form, grouped, read_critiques
from its.rewards.voting import AdaptiveVoting, best_rated, leaders, margin, totals
from tests.rewards.scripted_door import ScriptedDoor

QUESTION = Question("Which is the largest planet?")
GENERAL = load_prompt_set("general")


def candidates(*texts: str) -> list[Candidate]:
    return [Candidate(f"c/{i}", t, Answer(t, "text")) for i, t in enumerate(texts)]


def judge(text: str, label: str) -> str:
    """Scores each response by the quality it says it has, and says so in a critique."""
    shown = re.findall(r"^<response (\d+) \w+>\nquality (\d+)", text, re.MULTILINE)
    return "\n".join(
        [
            "## Principles\n1. Truth (weight 100 %)",
            "## Critiques",
            *(f"[{n}] It has quality {q}." for n, q in shown),
            "## Scores",
            *(f"[{n}] {q}" for n, q in shown),
        ]
    )


async def test_shuffled_scores_return_to_their_own_responses() -> None:
    pool = candidates("quality 3", "quality 9", "quality 5", "quality 1")
    door = ScriptedDoor(judge)
    scores = await Generalist(samples=6, adaptive=False).score(QUESTION, pool, door, GENERAL)
    assert [s.value for s in scores] == pytest.approx([2 / 9, 8 / 9, 4 / 9, 0])
    assert [s.details["total"] for s in scores] == [18, 54, 30, 6]
    assert [s.reason for s in scores] == [f"It has quality {q}." for q in (3, 9, 5, 1)]
    orders = {
        tuple(re.findall(r"quality (\d+)", request.messages[-1].content))
        for _, request in door.sent
    }
    assert len(orders) > 1, "the order is shuffled anew for each sample"


@pytest.mark.parametrize(("form", "calls"), [("listwise", 2), ("pairwise", 6), ("pointwise", 6)])
async def test_every_form_judges_every_response(form: Form, calls: int) -> None:
    pool = candidates(*(f"quality {q}" for q in (1, 2, 3, 4, 5, 6)))
    door = ScriptedDoor(judge)
    reward = Generalist(samples=1, form=form)
    scores = await reward.score(QUESTION, pool, door, GENERAL)
    assert [s.value for s in scores] == pytest.approx([i / 9 for i in range(6)])
    assert len(door.sent) == calls
    assert reward.completions(6) >= calls


def test_groups_are_even_and_hold_each_response_once() -> None:
    groups = grouped(10, "listwise", 4, "seed")
    assert sorted(len(group) for group in groups) == [3, 3, 4]
    assert sorted(i for group in groups for i in group) == list(range(10))
    assert groups == grouped(10, "listwise", 4, "seed")
    assert groups != grouped(10, "listwise", 4, "another")
    ring = grouped(5, "pairwise", 4, "seed")
    assert sorted(i for pair in ring for i in pair) == sorted([*range(5), *range(5)])
    assert len(grouped(2, "pairwise", 4, "seed")) == 1


async def test_an_unreadable_verdict_is_asked_for_once_more() -> None:
    def reply(text: str, label: str) -> str:
        return "[1] 4\n[2] 4" if label.endswith("repair") else "Both are rather good."

    door = ScriptedDoor(reply)
    reward = Generalist(samples=1)
    scores = await reward.score(QUESTION, candidates("a", "b"), door, GENERAL)
    assert [s.value for s in scores] == pytest.approx([1 / 3, 1 / 3])
    assert [label.rsplit("/", 1)[1] for label, _ in door.sent] == ["0", "repair"]
    repair = door.sent[1][1].messages
    assert [m.role for m in repair] == ["user", "assistant", "user"]
    assert "2 responses" in repair[-1].content


async def test_a_second_unreadable_verdict_abstains() -> None:
    door = ScriptedDoor(lambda text, label: "Both are rather good.")
    reward = Generalist(samples=3)
    scores = await reward.score(QUESTION, candidates("a", "b"), door, GENERAL)
    assert [s.value for s in scores] == [None, None]
    assert len(door.sent) == reward.completions(2) == 6


async def test_the_meta_reward_keeps_the_better_half_of_the_judgements() -> None:
    def reply(text: str, label: str) -> str:
        ordinal = int(label.split("/")[2])
        if label.startswith("grm_meta"):
            return f"Score: {(10, 2, 9, 1)[ordinal]}"
        shown = re.findall(r"^<response (\d+) \w+>\nquality (\d+)", text, re.MULTILINE)
        wrong = ordinal % 2 == 1
        return "\n".join(f"[{n}] {10 - int(q) if wrong else q}" for n, q in shown)

    pool = candidates("quality 9", "quality 2")
    plain = Generalist(samples=4, adaptive=False)
    filtered = Generalist(samples=4, adaptive=False, meta=True)
    scores = await plain.score(QUESTION, pool, ScriptedDoor(reply), GENERAL)
    assert [s.details["total"] for s in scores] == [9 + 1 + 9 + 1, 2 + 8 + 2 + 8]
    scores = await filtered.score(QUESTION, pool, ScriptedDoor(reply), GENERAL)
    assert [s.details["total"] for s in scores] == [9 + 9, 2 + 2]


async def test_a_clear_leader_ends_the_sampling_and_a_close_race_goes_on() -> None:
    reward = Generalist(samples=8)
    clear, close = ScriptedDoor(judge), ScriptedDoor(judge)
    await reward.score(QUESTION, candidates("quality 10", "quality 2"), clear, GENERAL)
    await reward.score(QUESTION, candidates("quality 7", "quality 6"), close, GENERAL)
    assert len(clear.sent) == 1
    assert len(close.sent) > 1


async def test_sampling_ends_where_the_next_sample_no_longer_fits() -> None:
    door = ScriptedDoor(judge, budget=3)
    pool = candidates("quality 6", "quality 6")
    scores = await Generalist(samples=8).score(QUESTION, pool, door, GENERAL)
    assert len(door.sent) == 3
    assert [s.value for s in scores] == pytest.approx([5 / 9, 5 / 9])


async def test_a_rubric_reaches_the_judge() -> None:
    door = ScriptedDoor(judge)
    reward = Generalist(samples=1, rubric="Brevity counts double.")
    await reward.score(QUESTION, candidates("quality 1", "quality 2"), door, GENERAL)
    assert "Brevity counts double." in door.sent[0][1].messages[-1].content


async def test_constrained_output_is_asked_for_where_the_endpoint_offers_it() -> None:
    reply = (
        '{"principles": [{"principle": "truth", "weight": 100}], '
        '"critiques": ["one", "two"], "scores": [4, 4]}'
    )
    door = ScriptedDoor(lambda text, label: reply, Capabilities(json_schema=True))
    scores = await Generalist(samples=1).score(QUESTION, candidates("a", "b"), door, GENERAL)
    schema = door.sent[0][1].json_schema
    assert schema is not None
    assert schema["required"] == ["principles", "critiques", "scores"]
    assert {s.reason for s in scores} == {"one", "two"}
    plain = ScriptedDoor(judge)
    await Generalist(samples=1).score(QUESTION, candidates("quality 1"), plain, GENERAL)
    assert plain.sent[0][1].json_schema is None


def test_critiques_are_read_by_number() -> None:
    reply = (
        "## Critiques\n[1] Right, but long.\n[2]: Wrong:\nit says Mars.\n\n## Scores\n[1] 8\n[2] 1"
    )
    assert read_critiques(reply, 2) == ["Right, but long.", "Wrong:\nit says Mars."]
    assert read_critiques("no sections at all", 2) == ["", ""]


def test_totals_are_sums_and_a_missing_score_counts_as_the_mean_of_the_others() -> None:
    assert totals([[8, 3], [6, 4]], 2) == [14, 7]
    assert totals([[8, 3], [None, 4]], 2) == [16, 7]
    assert totals([[8, None], [6, None]], 2) == [14, None]
    assert totals([], 2) == [None, None]


def test_leaders_and_margin() -> None:
    assert leaders([3, 7, 7, None]) == [1, 2]
    assert leaders([None, None]) == []
    assert margin([3, 7, None, 5]) == 2
    assert margin([3, None]) is None


def test_half_of_the_samples_are_kept_and_unrated_ones_go_first() -> None:
    samples = [[1], [2], [3], [4]]
    assert best_rated(samples, [0.1, 0.9, None, 0.5]) == [[2], [4]]
    assert best_rated(samples, [None] * 4) == [[1], [2]]
    assert best_rated([[1], [2], [3]], [0.1, 0.2, 0.3]) == [[3]]
    assert best_rated([[1]], [None]) == [[1]]


def test_adaptive_voting_stops_on_a_decided_leader_only() -> None:
    rule = AdaptiveVoting()
    assert rule.decided([[10, 2, 3, 1]], 4, most=8)
    assert not rule.decided([[7, 6, 3, 1]], 4, most=8)
    assert not rule.decided([[7, 7]], 2, most=8)
    assert not rule.decided([[None, None]], 2, most=8)
    assert rule.decided([[7, 7]] * 8, 2, most=8), "there is nothing left to sample"
    assert rule.decided([[8, 6]] * 3, 2, most=8), "a small lead that always repeats is decided"
    assert not rule.decided([[9, 4], [3, 8], [7, 5]], 2, most=8), "one that swings is not"
