"""How a model's development accuracy grew: `python -m its_training.progress FILE...`.

For each weight file of a run: training tokens, training FLOPs (6 for each parameter and token), and
the accuracy of greedy answers on the same development problems. Checkpoints in mid-run are running
means of the weights.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from its_training.evaluate import interval
from its_training.lessons import solve_prompt
from its_training.pools import GREEDY_STYLE, answer_of
from its_training.problems import held_out_problems
from its_training.weights import read_card
from its_training.writing import Ask, Writers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    problems = held_out_problems("dev", options.problems, options.seed)
    asks = [Ask(solve_prompt(p.question, GREEDY_STYLE)) for p in problems]
    print(f"| tokens, M | FLOPs | minutes | greedy on {len(problems)} development problems |")
    print("|---|---|---|---|")
    files = {file: read_card(file) for file in options.files}
    for file, card in sorted(files.items(), key=lambda item: int(item[1]["training_tokens"])):
        with Writers(file, options.processes) as writers:
            answers = [answer_of(a.replies[0].text) for a in writers.write(asks)]
        right = np.array(
            [float(a == str(p.answer)) for a, p in zip(answers, problems, strict=True)]
        )
        low, high = interval(right)
        tokens = int(card["training_tokens"])
        flops = 6.0 * tokens * int(card["parameters"])
        print(
            f"| {tokens / 1e6:.1f} | {flops:.2g} | {float(card['training_minutes']):.0f} "
            f"| {right.mean():.3f} [{low:.3f}, {high:.3f}] |",
            flush=True,
        )


if __name__ == "__main__":
    main()
