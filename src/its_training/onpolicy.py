"""What a solver really writes: the solutions that a verifier learns from.

`python -m its_training.onpolicy --solver FILE --count N -o SOLUTIONS.jsonl` samples training
problems at temperature 1 in all styles. Held-out problems are never among them.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from its_training.lessons import PLAIN, OwnSolution, solve_prompt
from its_training.problems import Problem, draw_problem
from its_training.routes import ANY, STYLES
from its_training.writing import Ask, Writers

SAMPLED_STYLES = (PLAIN, ANY, *STYLES)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m its_training.onpolicy", description=__doc__)
    parser.add_argument("--solver", type=Path, required=True)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    problems = [draw_problem(rng, "train") for _ in range(options.count)]
    styles = [rng.choice(SAMPLED_STYLES) for _ in problems]
    prompts = [solve_prompt(p.question, s) for p, s in zip(problems, styles, strict=True)]
    asks = [Ask(p, seed=options.seed + i, temperature=1.0) for i, p in enumerate(prompts)]
    with Writers(options.solver, options.processes) as writers:
        texts = [answer.replies[0] for answer in writers.write(asks)]
    right = 0
    with options.output.open("w", encoding="utf-8") as file:
        for problem, style, written in zip(problems, styles, texts, strict=True):
            right += written.text.endswith(f"Answer: {problem.answer}")
            row = {
                "family": problem.family,
                "question": problem.question,
                "state": problem.state,
                "answer": problem.answer,
                "difficulty": problem.difficulty,
                "style": style,
                "text": written.text,
            }
            file.write(json.dumps(row) + "\n")
    print(f"{options.count} solutions, {right / options.count:.3f} of them right")


def load_solutions(path: Path) -> list[OwnSolution]:
    """The solutions of a file written by this command; of the right ones, as many as are wrong."""
    right: list[OwnSolution] = []
    wrong: list[OwnSolution] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text, style = row.pop("text"), row.pop("style")
        problem = Problem(**row)
        if text:
            ends_well = text.endswith(f"Answer: {problem.answer}")
            (right if ends_well else wrong).append(OwnSolution(problem, style, text))
    return wrong + right[: len(wrong)]


if __name__ == "__main__":
    main()
