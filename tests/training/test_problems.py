"""Problems, routes, the exact check and the lessons made of them."""

from __future__ import annotations

import random

import pytest

from its_training.checking import TOP_SCORE, check_solution, critique_text
from its_training.lessons import MIXTURES, draw_lesson, solve_prompt
from its_training.mistakes import spoiled_lines
from its_training.problems import FAMILIES, draw_problem, held_out_problems, split_of
from its_training.routes import ANY, STYLES, middle_of, solution_lines
from its_training.steps import expression_value, valid_steps


@pytest.mark.parametrize(
    ("state", "value"),
    [
        ("41*3+5*24-37", 206),
        ("50-20+5", 35),
        ("20-37+60", 43),
        ("966-3*(51-19)-12*2", 846),
        ("120/5+51+34*5", 245),
        ("7*x+41=160", 17),
        ("9*x-28=37+94+615", 86),
        ("x+41=120", 79),
        ("7", 7),
        ("2++3", None),
    ],
)
def test_what_an_expression_comes_to(state: str, value: int | None) -> None:
    assert expression_value(state) == value


def test_a_sum_is_not_reduced_behind_a_minus() -> None:
    assert [s.operation for s in valid_steps("50-20+5")] == ["50-20"]
    assert [s.state for s in valid_steps("9+50-60+5")] == ["59-60+5", "9-10+5"]


def test_python_agrees_with_every_route_of_many_problems() -> None:
    rng = random.Random(5)
    for _ in range(300):
        problem = draw_problem(rng, "train")
        if "x" not in problem.state:
            assert eval(problem.state) == problem.answer
        for style in (*STYLES, ANY):
            lines = solution_lines(problem.state, style, rng, problem.restated)
            assert lines[-1] == f"Answer: {problem.answer}"
            check = check_solution(problem.state, lines, problem.restated)
            assert check.score == TOP_SCORE, (problem, lines)


def test_styles_take_different_routes() -> None:
    rng = random.Random(0)
    routes = {s: "\n".join(solution_lines("52*9+158-393+690-3*32", s, rng)) for s in STYLES}
    assert len(set(routes.values())) == len(STYLES)
    assert routes["step_by_step"].startswith(
        "52*9=450+18=468; 468+158-393+690-3*32\n468+158=568+58=626;"
    )
    assert routes["backwards"].startswith("3*32=6+90=96; 52*9+158-393+690-96\n690-96=684-90=594;")
    assert routes["subproblems"].startswith("52*9=450+18=468; ")
    assert routes["analogy"].startswith("3*32=120-24=96; ")


def test_the_check_finds_the_line_that_does_not_follow() -> None:
    lines = ["5*24=130; 41*3+130-37", "41*3=123; 123+130-37", "123+130=253; 253-37", "253-37=216"]
    check = check_solution("41*3+5*24-37", [*lines, "Answer: 216"], restated=False)
    assert [v.ok for v in check.verdicts] == [False, True, True, True]
    said = "5*24=1?30; 41*3+130-37 wrong\n41*3=123; 123+130-37 ok\n"
    assert critique_text(check).startswith(said)
    assert check.score == 0
    fair_start = check_solution("41*3+5*24-37", ["41*3=123; 123+5*24-37"], False, complete=False)
    assert fair_start.score == TOP_SCORE
    copied_wrongly = check_solution("41*3+5*24-37", ["41*3=123; 123+5*24-36"], False, False)
    assert copied_wrongly.score < TOP_SCORE
    foreign = check_solution("41*3+5*24-37", ["41*4=164; 164+5*24-37"], False, False)
    assert critique_text(foreign) == "41*?4=164; 164+5*24-37 wrong\nScore: 0"


@pytest.mark.parametrize(
    ("state", "line", "verdict"),
    [
        ("58+64", "58+64=118+4=122", "58+64=118+4=122 ok"),
        ("58+64", "58+64=62+60=122", "58+64=62+60=122 ok"),
        ("58+64", "58+64=118+4=132", "58+64=118+4=1?32 wrong"),
        ("58+64", "58+64=118+5=123", "58+64=118+?5=123 wrong"),
        ("58+64", "58+64=122; 1", "58+64=122?; 1 wrong"),
        ("58+64-9", "58+64=122; 122-8", "58+64=122; 122-?8 wrong"),
        ("58-64+9", "64+9=73; 58-73", "?64+9=73; 58-73 wrong"),
        ("58+64", "so it is 122", "?so it is 122 wrong"),
        ("7*x=20+8-9", "7*x=20+8", "?7*x=20+8 wrong"),
        ("7*x+9=20+8", "7*x=20+8+9", "7*x=20+8?+9 wrong"),
        ("5+5+3+5+5", "5+5=10; 5+5+3+10", "5+5=10; 5+5+3+10 ok"),
    ],
)
def test_the_verdict_on_a_line_shows_where_it_departs(state: str, line: str, verdict: str) -> None:
    check = check_solution(state, [line], restated=False, complete=False)
    assert critique_text(check).split("\n")[0] == verdict


@pytest.mark.parametrize(
    ("operation", "style", "middle"),
    [
        ("768+657", "step_by_step", "1368+57"),
        ("768+657", "backwards", "825+600"),
        ("768+657", "analogy", "1468-43"),
        ("162-196", "step_by_step", "62-96"),
        ("162-196", "edge_cases", "-38+4"),
        ("7*58", "subproblems", "350+56"),
        ("58*7", "edge_cases", "420-14"),
        ("434/7", "backwards", "60+2"),
        ("12+60", "step_by_step", ""),
        ("12+6", "analogy", ""),
    ],
)
def test_how_styles_split_an_operation(operation: str, style: str, middle: str) -> None:
    assert middle_of(operation, style, random.Random(0)) == middle
    if middle:
        assert expression_value(middle) == expression_value(operation)


def test_nothing_but_the_mistake_distinguishes_a_wrong_line_from_a_right_one() -> None:
    rng = random.Random(4)
    split = {True: 0, False: 0}
    lines = {True: 0, False: 0}
    for _ in range(300):
        problem = draw_problem(rng, "train", 5)
        spoiled = spoiled_lines(rng, problem, "step_by_step", unspoiled=0, often=True)
        for line, verdict in zip(
            spoiled, check_solution(problem.state, spoiled, problem.restated).verdicts, strict=False
        ):
            lines[verdict.ok] += 1
            split[verdict.ok] += line.partition("; ")[0].count("=") == 2
    assert abs(split[True] / lines[True] - split[False] / lines[False]) < 0.15


def test_a_spoiled_solution_with_the_right_answer_and_lines_is_not_called_wrong() -> None:
    rng = random.Random(9)
    scores = []
    for _ in range(400):
        problem = draw_problem(rng, "train")
        lines = spoiled_lines(rng, problem, rng.choice(STYLES))
        check = check_solution(problem.state, lines, problem.restated)
        scores.append(check.score)
        if check.score == TOP_SCORE:
            assert lines[-1] == f"Answer: {problem.answer}"
    assert 0.3 < sum(s == TOP_SCORE for s in scores) / len(scores) < 0.75


@pytest.mark.slow
def test_held_out_problems_are_in_no_lesson_and_evenly_hard() -> None:
    problems = held_out_problems("test", 200, seed=3)
    assert {p.family for p in problems} == set(FAMILIES)
    assert [sum(p.difficulty == d for p in problems) for d in range(1, 11)] == [20] * 10
    assert all(split_of(p.state) == "test" for p in problems)
    assert problems == held_out_problems("test", 200, seed=3)
    rng = random.Random(1)
    assert all(split_of(draw_problem(rng, "train").state) == "train" for _ in range(200))


@pytest.mark.parametrize("model", sorted(MIXTURES))
def test_lessons_of_every_skill(model: str) -> None:
    rng = random.Random(2)
    lessons = [draw_lesson(rng, MIXTURES[model], []) for _ in range(1200)]
    assert {lesson.skill for lesson in lessons} == set(MIXTURES[model])
    assert all(lesson.prompt and lesson.reply for lesson in lessons)


def test_a_solution_that_is_read_teaches_none_of_its_mistakes() -> None:
    rng = random.Random(6)
    wrong = 0
    for _ in range(200):
        lesson = draw_lesson(rng, {"score": 1.0}, [])
        lines = lesson.reply.split("\n")
        begins = [len("\n".join(lines[:i])) + bool(i) for i in range(len(lines))]
        ends = {begin + len(line) + 1 for begin, line in zip(begins, lines, strict=True)}
        assert all(begin < end and end in ends for begin, end in lesson.given)
        wrong += bool(lesson.given)
    assert 50 < wrong < 180


def test_solving_prompts() -> None:
    assert solve_prompt("1+2", "plain") == "1+2"
    assert solve_prompt("1+2", "backwards") == "Backwards: 1+2"


def test_a_solution_that_takes_over_others_lines_goes_on_rightly_and_learns_its_own() -> None:
    rng = random.Random(5)
    taken_over = 0
    for _ in range(300):
        lesson = draw_lesson(rng, {"solve": 1.0}, [])
        assert len(lesson.given) <= 1
        for begin, end in lesson.given:
            taken_over += 1
            assert begin == 0
            assert lesson.reply[end - 1] == "\n"
            assert "Answer: " in lesson.reply[end:]
    assert 20 < taken_over < 100
