"""What cutting running samples saves, against the plain vote of the same samples.

    python -m tests.benchmarks.cutting --problems 300 --n 32 --runs /tmp/cutting
    python -m tests.benchmarks.cutting gsm8k-test.jsonl --limit 40 --n 8 --warm-up 4 --group 32 \
        --style step_by_step --only deepconf shortest --keep 0.9 0.5 --m 3 \
        --runs /tmp/cutting-real -- -m NAME --base-url URL --concurrency 8

Without a file, the embedded model solves held-out problems. Every variant is a run of `its solve`
in a directory of its own below `--runs` and asks with the same seeds, so that all of them draw the
same samples; the same command resumes. Tokens are those of completions, cut ones included.
Differences are paired by problem, with 95 % intervals (bootstrap over problems).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from its_training.problems import held_out_problems

DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to sample: a cutting rule and a stopping rule, as in a pipeline file."""

    name: str
    cut: Mapping[str, Any] | None = None
    stop: Mapping[str, Any] | None = None
    weighted: bool = False

    def options(self, n: int, logprobs: int, style: str) -> list[str]:
        stage: dict[str, Any] = {"strategy": "self_consistency", "n": n, "logprobs": logprobs}
        stage["style"] = style
        if self.cut is not None:
            stage["cut"] = self.cut
        select: Any = {"method": "weighted_vote", "reward": {"method": "deepconf"}}
        if self.weighted and self.cut is not None:
            select["reward"] |= {"group": self.cut["group"], "keep": 1.0}
        return [
            *("-c", "self_consistency", "--set", f"stages={_text([stage])}"),
            *("--set", f"stop={_text(self.stop or {'rule': 'none'})}"),
            *("--set", f"select={_text(select if self.weighted else 'vote')}"),
        ]


@dataclass(frozen=True, slots=True)
class Solved:
    """By problem: whether it is right, and its completion tokens."""

    right: dict[str, bool]
    tokens: dict[str, int]


def variants(options: argparse.Namespace) -> list[Variant]:
    n, warm_up, group = options.n, options.warm_up, options.group
    consensus = {"rule": "consensus", "ratio": 0.95, "minimum": warm_up, "maximum": n}
    found = [Variant("vote"), Variant("vote, consensus", stop=consensus)]
    for keep in options.keep:
        cut = {"rule": "deepconf", "warm_up": warm_up, "keep": keep, "group": group}
        found.append(Variant(f"deepconf {keep:g}", cut))
        found.append(Variant(f"deepconf {keep:g}, weighted", cut, weighted=True))
        found.append(Variant(f"deepconf {keep:g}, consensus", cut, consensus))
    found += [Variant(f"shortest {m} of {n}", {"rule": "shortest", "m": m}) for m in options.m]
    found.append(Variant("repetition", {"rule": "repetition", "repeats": 4, "least": 120}))
    wanted = tuple(options.only or [""])
    return [found[0], *(variant for variant in found[1:] if variant.name.startswith(wanted))]


def solve(variant: Variant, options: argparse.Namespace, problems: Path) -> Solved:
    directory = options.runs / variant.name.replace(",", "").replace(" ", "-")
    command = [sys.executable, "-m", "its", "solve", str(problems), "-q", "-o", str(directory)]
    command += [
        *variant.options(options.n, options.logprobs, options.style),
        *options.model,
        "--set",
        "bare_rows=true",
    ]
    code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
    if code not in (0, 3):
        raise SystemExit(f"{variant.name}: its solve ended with {code}")
    rows = [orjson.loads(line) for line in (directory / "solutions.jsonl").open("rb")]
    return Solved(
        {row["id"]: bool(row["correct"]) for row in rows},
        {row["id"]: row["usage"]["completion_tokens"] for row in rows},
    )


def heading() -> str:
    return f"{'':<28}{'right':>7}{'tokens':>12}{'share of the vote':>23}{'gain over it':>25}"


def compare(variant: Variant, one: Solved, base: Solved) -> str:
    """A line of the table: accuracy and tokens beside those of the base."""
    ids = sorted(one.right.keys() & base.right.keys())
    right = np.array([[solved.right[i] for i in ids] for solved in (one, base)], float)
    tokens = np.array([[solved.tokens[i] for i in ids] for solved in (one, base)], float)
    drawn = np.random.default_rng(0).integers(len(ids), size=(DRAWS, len(ids)))
    shares = tokens[0][drawn].sum(1) / tokens[1][drawn].sum(1)
    gains = (right[0] - right[1])[drawn].mean(1)
    low, high = np.percentile(shares, [2.5, 97.5])
    worst, best = np.percentile(gains, [2.5, 97.5])
    return (
        f"{variant.name:<28}{right[0].mean():>7.3f}{tokens[0].sum():>12,.0f}"
        f"{tokens[0].sum() / tokens[1].sum():>7.3f} [{low:.3f}, {high:.3f}]"
        f"{(right[0] - right[1]).mean():>+9.3f} [{worst:+.3f}, {best:+.3f}]"
    )


def held_out(path: Path, count: int) -> Path:
    problems = held_out_problems("test", count, seed=7)
    rows = [
        {"id": f"h{i}", "question": p.question, "answer": str(p.answer)}
        for i, p in enumerate(problems)
    ]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--problems", type=int, default=300, help="of the embedded model")
    parser.add_argument("--limit", type=int, help="of the file")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--n", type=int, default=32)
    parser.add_argument("--warm-up", type=int, default=8)
    parser.add_argument("--group", type=int, default=16)
    parser.add_argument("--logprobs", type=int, default=20)
    parser.add_argument("--style", default="", help="in which it is asked")
    parser.add_argument("--only", nargs="*", help="variants by how their names begin")
    parser.add_argument("--keep", type=float, nargs="*", default=[0.9, 0.5, 0.1])
    parser.add_argument("--m", type=int, nargs="*", default=[3, 8])
    own, model = list(arguments), ["-m", "embedded"]
    if "--" in own:
        own, model = own[: own.index("--")], own[own.index("--") + 1 :]
    options = parser.parse_args(own)
    options.model = [*model, *(("--limit", str(options.limit)) if options.limit else ())]
    return options


def main() -> None:
    options = parsed(sys.argv[1:])
    options.runs.mkdir(parents=True, exist_ok=True)
    problems = options.file or held_out(options.runs / "problems.jsonl", options.problems)
    print(heading())
    base: Solved | None = None
    for variant in variants(options):
        solved = solve(variant, options, problems)
        base = base or solved
        print(compare(variant, solved, base), flush=True)


if __name__ == "__main__":
    main()
