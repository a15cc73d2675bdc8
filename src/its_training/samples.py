"""Sample inputs: `python -m its_training.samples --output samples` writes both files anew.

`arithmetic.jsonl` holds held-out problems of all three families, easy to hard: the embedded models
never saw them. `gsm8k-form.jsonl` holds word problems in GSM8K's form (`#### 72` ends the answer).
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from its_training.problems import Problem, held_out_problems
from its_training.routes import solution_lines

_NAMES = (("easy", range(1, 4)), ("medium", range(4, 8)), ("hard", range(8, 11)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("samples"))
    parser.add_argument("--count", type=int, default=90, help="lines of arithmetic.jsonl")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    problems = sorted(
        held_out_problems("test", options.count, options.seed), key=lambda p: p.difficulty
    )
    rows = [_row(number, problem) for number, problem in enumerate(problems, 1)]
    _write(options.output / "arithmetic.jsonl", rows)
    stories = [
        p
        for p in held_out_problems("test", 120, options.seed + 1)
        if p.family == "word" and p.difficulty <= 5
    ]
    _write(options.output / "gsm8k-form.jsonl", [_gsm8k_row(p) for p in stories[:12]])


def _row(number: int, problem: Problem) -> dict[str, object]:
    return {
        "id": f"arithmetic-{number:03d}",
        "question": problem.question,
        "answer": str(problem.answer),
        "difficulty": next(name for name, levels in _NAMES if problem.difficulty in levels),
        "level": problem.difficulty,
        "family": problem.family,
    }


def _gsm8k_row(problem: Problem) -> dict[str, object]:
    lines = solution_lines(problem.state, "step_by_step", random.Random(0), restate=True)
    worked = "\n".join([*lines[:-1], f"#### {problem.answer}"])
    return {"question": problem.question, "answer": worked}


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} problems in {path}")


if __name__ == "__main__":
    main()
