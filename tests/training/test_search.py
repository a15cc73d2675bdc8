"""The search of the headline: which lines are doubted, who writes them anew, what is charged."""

from __future__ import annotations

import math
from collections.abc import Sequence

from its_training.lessons import solve_prompt
from its_training.problems import Problem
from its_training.search import Walked, search, vote
from its_training.writing import Answered, Ask, Read, Writers, Written

PROBLEM = Problem("expression", "2*3+4", "2*3+4", 10, 1)
COST = 10.0


class Scripted(Writers):
    """Writes by a script: (prompt, what it continues) to lines with their probabilities; every
    call costs the same. Reads every character as sure but those of a line in `unlikely`."""

    def __init__(
        self,
        script: dict[tuple[str, str], list[tuple[str, float]]],
        unlikely: dict[str, float] | None = None,
    ) -> None:
        self.script, self.unlikely = script, unlikely or {}
        self.asked: list[Ask] = []

    def write(self, asks: Sequence[Ask]) -> list[Answered]:
        self.asked += asks
        return [self._answer(ask) for ask in asks]

    def read(self, passages: Sequence[tuple[str, str]]) -> list[Read]:
        return [Read(tuple(self._read(text)), COST) for _, text in passages]

    def _read(self, text: str) -> list[float]:
        logprobs: list[float] = []
        for line in text.split("\n"):
            sure = [0.0] * len(line)
            logprobs += [math.log(self.unlikely.get(line, 1.0)), *sure]
        return logprobs[: len(text)]

    def _answer(self, ask: Ask) -> Answered:
        lines = self.script.get((ask.prompt, ask.continues), [("?", 0.01)])
        logprobs: list[float] = []
        for line, probability in lines:
            logprobs += [math.log(probability), *[0.0] * len(line)]
        text = "\n".join(line for line, _ in lines)
        reply = Written(text, len(text), COST, "end", tuple(logprobs))
        return Answered((reply,), 0.0)


def prompt(style: str) -> str:
    return solve_prompt(PROBLEM.question, style)


def test_a_path_without_doubt_is_taken_as_it_is_written() -> None:
    solver = Scripted({(prompt("backwards"), ""): [("2*3=6; 6+4", 0.95), ("Answer: 10", 1.0)]})
    ((path,),) = search(solver, None, [PROBLEM], ["backwards"], 0.9, 0.5)
    assert (path.answer, path.flops, len(solver.asked)) == ("10", COST, 1)
    assert math.isclose(math.exp(path.certainty), 0.95)


def test_the_likeliest_line_of_all_styles_stands_in_for_a_doubted_one() -> None:
    begun = "2*3=6; 6+4\n"
    solver = Scripted(
        {
            (prompt("step_by_step"), ""): [
                ("2*3=6; 6+4", 0.99), ("6+4=11", 0.6), ("Answer: 11", 1.0)
            ],
            (prompt("backwards"), begun): [("6+4=10", 0.8)],
            (prompt("analogy"), begun): [("6+4=9", 0.7)],
            (prompt("step_by_step"), begun + "6+4=10\n"): [("Answer: 10", 1.0)],
        }
    )  # fmt: skip
    ((path,),) = search(solver, None, [PROBLEM], ["step_by_step"], 0.9, 0.5)
    assert path.answer == "10"
    assert math.isclose(math.exp(path.certainty), 0.99 * 0.8)
    assert path.flops == COST * len(solver.asked) == COST * (1 + 4 + 1)


def test_a_doubted_line_is_kept_where_no_other_is_likelier_and_is_not_written_again() -> None:
    solver = Scripted({(prompt("analogy"), ""): [("2*3=7; 7+4", 0.5), ("Answer: 10", 1.0)]})
    ((path,),) = search(solver, None, [PROBLEM], ["analogy"], 0.9, 0.5)
    assert (path.answer, len(solver.asked)) == ("10", 1 + 4)


def test_what_the_verifier_reads_is_doubted_and_charged_too() -> None:
    script = {
        (prompt("analogy"), ""): [("2*3=7; 7+4", 1.0), ("Answer: 11", 1.0)],
        (prompt("backwards"), ""): [("2*3=6; 6+4", 0.9)],
        (prompt("analogy"), "2*3=6; 6+4\n"): [("Answer: 10", 1.0)],
    }
    verifier = Scripted({}, unlikely={"2*3=7; 7+4": 0.1})
    ((path,),) = search(Scripted(script), verifier, [PROBLEM], ["analogy"], 0.9, 0.5)
    assert path.answer == "10"
    assert path.flops == 2 * COST * (1 + 4 + 1)


def test_further_styles_are_walked_only_until_an_answer_is_certain() -> None:
    solver = Scripted(
        {
            (prompt("backwards"), ""): [("Answer: 10", 0.6)],
            (prompt("analogy"), ""): [("Answer: 10", 0.5)],
        }
    )
    (paths,) = search(solver, None, [PROBLEM], ["backwards", "analogy", "edge_cases"], 0.4, 0.9)
    assert [path.answer for path in paths] == ["10", "10"]


def test_the_vote_weighs_by_certainty_and_pays_for_what_it_took() -> None:
    paths = [
        Walked("7", math.log(0.4), 1.0),
        Walked("10", math.log(0.3), 2.0),
        Walked(None, 0.0, 4.0),
        Walked("10", math.log(0.3), 8.0),
    ]
    assert vote(paths[:2], 0.9, PROBLEM).right is False
    whole = vote(paths, 0.9, PROBLEM)
    assert (whole.right, whole.flops) == (True, 15.0)
    assert vote(paths, 0.35, PROBLEM).flops == 1.0
