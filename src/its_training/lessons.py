"""Lessons: prompt and reply of every skill, drawn from problems that are not held out.

The mixture of skills belongs to the model: a solver mostly solves, a verifier mostly checks. What
the solver really writes (`OwnSolution`, sampled at temperature 1) is the better half of what the
verifier learns from.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from its_training.checking import MISTAKE, check_solution, critique_text
from its_training.mistakes import spoiled_lines
from its_training.problems import LEVELS, Problem, draw_problem
from its_training.routes import (
    ANY,
    STYLES,
    choose_step,
    continued_lines,
    line_of,
    middle_of,
    solution_lines,
)
from its_training.steps import is_number, valid_steps

MIXTURES: dict[str, dict[str, float]] = {
    "small-solver": {"solve": 0.91, "fix": 0.04, "rate": 0.04, "complete": 0.01},
    "large-solver": {"solve": 0.91, "fix": 0.04, "rate": 0.04, "complete": 0.01},
    "small-verifier": {
        "score": 0.66,
        "solve": 0.04,
        "check": 0.2,
        "judge": 0.05,
        "rate": 0.04,
        "complete": 0.01,
    },
    "small-judge": {
        "score": 0.55,
        "solve": 0.1,
        "check": 0.25,
        "judge": 0.05,
        "rate": 0.04,
        "complete": 0.01,
    },
}
PLAIN = "plain"
BARE_ROUTE = "step_by_step"  # what a question is answered by that asks for no style
_PROMPTS = files("its.prompts") / "embedded.yaml"
# Lower levels come more often: their tokens hold more arithmetic and less copying.
_LEVEL_WEIGHTS = (10, 10, 9, 9, 8, 8, 7, 6, 5, 5)
_STYLE_WEIGHTS = {
    PLAIN: 0.12,
    ANY: 0.04,
    "step_by_step": 0.14,
    "subproblems": 0.16,
    "edge_cases": 0.18,
    "backwards": 0.18,
    "analogy": 0.18,
}
_TAKEN_OVER = 0.2  # solutions of which other styles wrote the first lines


@dataclass(frozen=True)
class Lesson:
    """What the user says, and what the model should reply.

    `given` are parts of the reply (begin and end) that it should not learn to write: mistakes, and
    lines that it is to take over from another style.
    """

    skill: str
    prompt: str
    reply: str
    given: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class OwnSolution:
    """A solution that a model wrote for a training problem in a style, right or wrong."""

    problem: Problem
    style: str
    text: str


@lru_cache(maxsize=1)
def _prompt_set() -> dict[str, dict[str, str]]:
    loaded = yaml.safe_load(_PROMPTS.read_text(encoding="utf-8"))
    return {section: dict(loaded[section]) for section in ("prompts", "styles")}


def solve_prompt(question: str, style: str) -> str:
    """The user turn that asks for a solution in a style (PLAIN is the bare question)."""
    sentence = "" if style == PLAIN else _prompt_set()["styles"][style]
    return filled("attempt", style=sentence, question=question)


def filled(prompt: str, **parts: object) -> str:
    """The text of a prompt with its parts filled in."""
    return _prompt_set()["prompts"][prompt].format(**parts)


def draw_lesson(
    rng: random.Random,
    mixture: dict[str, float],
    own: list[OwnSolution],
    split: str = "train",
    top: int = 10,
) -> Lesson:
    """A lesson of a random skill; with `own` given, half the solutions checked are from there.
    Problems made for it are no harder than `top`."""
    skill = rng.choices(list(mixture), list(mixture.values()))[0]
    if skill == "solve":
        return _solve(rng, _some_problem(rng, split, top))
    if skill == "rate":
        problem = _some_problem(rng, split, top)
        prompt = filled("difficulty", question=problem.question)
        return Lesson(skill, prompt, f"Difficulty: {problem.difficulty}")
    if skill == "judge":
        return _judge(rng, split, top)
    problem, style, lines = _attempt(rng, own, split, skill == "check", top)
    if skill == "score":
        return _score(rng, problem, style, lines)
    return {"check": _check, "fix": _fix, "complete": _complete}[skill](rng, problem, lines)


def _some_problem(rng: random.Random, split: str, top: int) -> Problem:
    return draw_problem(rng, split, rng.choices(LEVELS[:top], _LEVEL_WEIGHTS[:top])[0])


def _solve(rng: random.Random, problem: Problem) -> Lesson:
    style = rng.choices(list(_STYLE_WEIGHTS), list(_STYLE_WEIGHTS.values()))[0]
    route = BARE_ROUTE if style == PLAIN else style
    begun = _begun_lines(rng, problem) if rng.random() < _TAKEN_OVER else []
    return _going_on(rng, "solve", problem, style, route, begun)


def _begun_lines(rng: random.Random, problem: Problem) -> list[str]:
    """The first lines of a right solution, each by a style of its own; the last step is not among
    them."""
    state, lines = problem.state, [problem.state] if problem.restated else []
    steps = len(solution_lines(state, "step_by_step", rng)) - 1
    for _ in range(rng.randint(0, steps - 1)):
        style = rng.choice(STYLES)
        step = choose_step(valid_steps(state), style, rng)
        if is_number(step.state):
            break
        lines.append(line_of(step, middle_of(step.operation, style, rng)))
        state = step.state
    return lines


def _going_on(
    rng: random.Random, skill: str, problem: Problem, style: str, route: str, begun: list[str]
) -> Lesson:
    """A right solution in a style; the lines `begun`, by others, are given."""
    state = begun[-1].rpartition("; ")[2] if begun else problem.state
    rest = continued_lines(state, route, rng)
    if problem.restated and not begun:
        rest = [state, *rest]
    place = sum(len(line) + 1 for line in begun)
    prompt = solve_prompt(problem.question, style)
    return Lesson(skill, prompt, "\n".join(begun + rest), ((0, place),) if begun else ())


def _attempt(
    rng: random.Random, own: list[OwnSolution], split: str, often: bool, top: int
) -> tuple[Problem, str, list[str]]:
    """A problem, a style and a solution, right or not: a model's own, or a spoiled right one."""
    if own and rng.random() < 0.5:
        found = rng.choice(own)
        return found.problem, found.style, found.text.split("\n")
    problem = _some_problem(rng, split, top)
    unspoiled = 0.12 if often else 0.35
    style = rng.choice((ANY, *STYLES))
    return problem, style, spoiled_lines(rng, problem, style, unspoiled, often)


def _check(rng: random.Random, problem: Problem, lines: list[str]) -> Lesson:
    complete = rng.random() < 0.75 or len(lines) < 3
    if not complete:
        lines = lines[: rng.randint(1, len(lines) - 1)]
    check = check_solution(problem.state, lines, problem.restated, complete)
    prompt = filled("critique", question=problem.question, draft="\n".join(lines))
    return Lesson("check", prompt, critique_text(check))


def _score(rng: random.Random, problem: Problem, style: str, lines: list[str]) -> Lesson:
    """A solution with its mistakes left out: so the probability of each line, given those before,
    becomes that of its being right, whatever went wrong before it."""
    if rng.random() < _TAKEN_OVER:
        return _going_on(rng, "score", problem, style, style, _begun_lines(rng, problem))
    check = check_solution(problem.state, lines, problem.restated)
    mistakes: list[tuple[int, int]] = []
    place = 0
    for number, line in enumerate(lines):
        if number < len(check.verdicts) and not check.verdicts[number].ok:
            found = check.verdicts[number].shown.index(MISTAKE)
            mistakes.append((place + found, place + len(line) + 1))
        place += len(line) + 1
    prompt = solve_prompt(problem.question, style)
    return Lesson("score", prompt, "\n".join(lines), tuple(mistakes))


def _fix(rng: random.Random, problem: Problem, lines: list[str]) -> Lesson:
    """Keep the lines up to the first mistake, then go on rightly."""
    check = check_solution(problem.state, lines, problem.restated)
    draft = "\n".join(lines)
    if rng.random() < 0.3:
        prompt = filled("variation", question=problem.question, draft=draft)
    else:
        critique = critique_text(check)
        prompt = filled("refine", question=problem.question, draft=draft, critique=critique)
    kept: list[str] = []
    state = problem.state
    for line, verdict in zip(lines, check.verdicts, strict=False):
        if not verdict.ok:
            break
        kept.append(line)
        after = line.rpartition("; ")[2]
        steps = valid_steps(state)
        state = next(
            (
                s.state
                for s in steps
                if after in (s.state, f"{s.operation}={s.value}") or after.endswith(f"={s.state}")
            ),
            state,
        )
    if problem.restated and not kept:
        kept = [problem.state]
    return Lesson("fix", prompt, "\n".join(kept + continued_lines(state, ANY, rng)))


def _complete(rng: random.Random, problem: Problem, lines: list[str]) -> Lesson:
    """Whether a solution, perhaps cut off, has come to its answer."""
    if rng.random() < 0.5:
        lines = lines[: rng.randint(1, len(lines))]
    prompt = filled("complete", question=problem.question, draft="\n".join(lines))
    done = lines[-1].startswith("Answer: ")
    return Lesson("complete", prompt, "yes" if done else "no")


def _judge(rng: random.Random, split: str, top: int) -> Lesson:
    """Two to four responses to one question, each with a score."""
    problem = _some_problem(rng, split, top)
    blocks: list[str] = []
    scores: list[str] = []
    for number in range(1, rng.randint(2, 4) + 1):
        style = rng.choice((ANY, *STYLES))
        lines = spoiled_lines(rng, problem, style)
        score = check_solution(problem.state, lines, problem.restated).score
        block = filled("judge_response", number=number, draft="\n".join(lines))
        if blocks and sum(map(len, blocks)) + len(block) + len(problem.question) > 900:
            break
        blocks.append(block)
        scores.append(f"[{number}] {score}")
    prompt = filled("judge", question=problem.question, responses="\n".join(blocks))
    return Lesson("judge", prompt, "\n".join(scores))
