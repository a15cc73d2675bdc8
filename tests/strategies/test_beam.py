"""Beam search, lookahead and diverse verifier tree search."""

from __future__ import annotations

from its.candidates import Candidate
from its.models.protocol import Completion, Request
from its.strategies.beam import Beam
from its.strategies.dvts import DVTS
from tests.strategies.scripted_door import FreeScorer, ScriptedDoor, assignment


def digits(length: int) -> ScriptedDoor:
    """Steps are their call's last digit; a solution ends after so many steps."""

    def reply(request: Request, label: str) -> Completion:
        steps = request.continues.count("\n\n") + 1
        return Completion(label[-1], "end" if steps == length else "stop_string")

    return ScriptedDoor(reply)


def last_digit(candidate: Candidate) -> float:
    """The last step's digit is its reward."""
    return int(candidate.text.strip()[-1]) / 10


def steps(candidate: Candidate) -> list[str]:
    return candidate.text.split("\n\n")


async def test_the_best_prefixes_grow_and_the_others_do_not() -> None:
    door = digits(3)
    outcome = await Beam(n=4, branching=2).run(assignment(door, scorer=FreeScorer(last_digit)))
    # 0..3 → keep 3, 2 → children 4, 5 | 6, 7 → keep 7, 6 → children 8, 9 | 10, 11 ("0", "1")
    assert [steps(c) for c in outcome.candidates] == [
        ["2", "7", "8"],
        ["2", "7", "9"],
        ["2", "6", "0"],
        ["2", "6", "1"],
    ]
    assert outcome.candidates[0].step_scores == (0.2, 0.7, 0.8)
    assert len(door.sent) == 12


async def test_finished_solutions_leave_the_beam_and_are_neither_extended_nor_doubled() -> None:
    def reply(request: Request, label: str) -> Completion:
        return Completion(f"{label}", "end" if label in ("3", "5") else "stop_string")

    door = ScriptedDoor(reply)
    scorer = FreeScorer(lambda candidate: int(candidate.id.removeprefix("stage/")) / 100)
    task = assignment(door, scorer=scorer, completions=14)
    outcome = await Beam(n=4, branching=2).run(task)
    assert all(request.continues not in ("3", "2\n\n5") for _, request in door.sent)
    ids = [candidate.id for candidate in outcome.candidates]
    assert ids[:2] == ["stage/3", "stage/5"]
    assert len(set(ids)) == len(ids)


async def test_the_search_ends_with_n_solutions() -> None:
    door = digits(1)
    outcome = await Beam(n=5, branching=1).run(assignment(door, scorer=FreeScorer(last_digit)))
    assert len(outcome.candidates) == len(door.sent) == 5


async def test_lookahead_scores_what_greedy_steps_make_of_a_prefix_and_is_charged() -> None:
    def reply(request: Request, label: str) -> Completion:
        if request.temperature == 0.0:  # ahead of prefix "1" lies a 9, ahead of "0" nothing
            return Completion("9" if request.continues.startswith("1") else "0", "stop_string")
        ends = request.continues.count("\n\n") == 1
        return Completion(label, "end" if ends else "stop_string")

    door = ScriptedDoor(reply)
    scorer = FreeScorer(last_digit)
    strategy = Beam(n=2, branching=2, lookahead=1)
    outcome = await strategy.run(assignment(door, scorer=scorer))
    assert door.labels == ["0", "1", "ahead/0/1", "ahead/1/1", "2", "3"]
    assert [c.text for c in scorer.seen[:2]] == ["0\n\n0\n\n", "1\n\n9\n\n"]
    assert [steps(c) for c in outcome.candidates] == [["1", "2"], ["1", "3"]]


async def test_subtrees_never_compete() -> None:
    door = digits(2)
    outcome = await DVTS(n=4, branching=2).run(assignment(door, scorer=FreeScorer(last_digit)))
    # subtree 0 grows 0, 1 and keeps 1; subtree 1 grows 2, 3 and keeps 3
    assert [steps(c) for c in outcome.candidates] == [
        ["1", "4"],
        ["1", "5"],
        ["3", "6"],
        ["3", "7"],
    ]


async def test_a_subtree_ends_when_its_best_is_finished() -> None:
    def reply(request: Request, label: str) -> Completion:
        return Completion(label, "end" if label == "1" else "stop_string")

    door = ScriptedDoor(reply)
    outcome = await DVTS(n=2, branching=2).run(assignment(door, scorer=FreeScorer(last_digit)))
    assert [c.id for c in outcome.candidates] == ["stage/1"]
    assert len(door.sent) == 2
