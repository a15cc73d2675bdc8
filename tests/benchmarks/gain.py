"""What inference-time compute brings on a real model, measured once and replayed by anyone.

`python -m tests.benchmarks.gain measure MODEL.gguf PROBLEMS -o POOLS` asks the model: GSM8K and
SVAMP rows 201-400 (`gsm8k-test.jsonl`, `svamp.jsonl`), HumanEval's odd numbers
(`humaneval.jsonl`), all in the folder PROBLEMS. It takes hours on a small machine, and resumes.
`python -m tests.benchmarks.gain [POOLS]` prints the table and draws it, without a model: the pools
hold answers, verdicts and token counts, no texts.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from its.allocation.batch import BatchPolicy
from its.allocation.stopping import DiminishingReturns
from its.curves.curve import Point
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import (
    Replay,
    replay_batch,
    replay_stop,
    replay_vote,
    replay_weighted_vote,
)
from its.curves.source import graded_records
from its.estimators import bootstrap_interval
from its.models.recorded import load_pool
from its.views.curve import svg

POOLS = Path(__file__).parents[2] / "samples" / "pools"
ORDERS = 20
SAMPLED = ("--set", "stop.rule=none", "--set", "difficulty.method=fixed")
TESTS = ("--set", "select.method=best_of_n", "--set", "stages.0.n=8")
CODE = "select.reward={method: code_tests, samples: %d, agreement: %s, examples: true}"
RUNS: dict[str, tuple[str, ...]] = {
    "greedy": ("-c", "greedy"),
    "samples": (
        *(
            "-c",
            "self_consistency",
            *SAMPLED,
            "--set",
            "stages.0={strategy: self_consistency, n: 16, logprobs: true}",
        ),
        *("--set", "select.method=weighted_vote", "--set", "select.reward=mean_logprob"),
    ),
}
CODE_RUNS: dict[str, tuple[str, ...]] = {
    "greedy": ("-c", "greedy"),
    "best of 8 by written tests": ("-c", "best_of_n", *TESTS, "--set", CODE % (2, "false")),
    "best of 8 by agreement": ("-c", "best_of_n", *TESTS, "--set", CODE % (0, "true")),
}


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """Some rows of a file, and the runs that they are put through."""

    name: str
    file: str
    rows: range
    runs: dict[str, tuple[str, ...]]


SETS = (
    ProblemSet("gsm8k", "gsm8k-test.jsonl", range(200, 400), RUNS),
    ProblemSet("svamp", "svamp.jsonl", range(200, 400), RUNS),
    ProblemSet("humaneval", "humaneval.jsonl", range(1, 164, 2), CODE_RUNS),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: per problem, whether it is right (a share, over orders); means of the
    costs per problem, None where unknown."""

    name: str
    right: list[float]
    completions: float
    tokens: float | None
    flops: float | None
    seconds: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="?", default=str(POOLS), help="`measure`, or the pools")
    parser.add_argument("model", nargs="?")
    parser.add_argument("problems", nargs="?", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=POOLS)
    parser.add_argument("--sets", default=",".join(each.name for each in SETS))
    parser.add_argument("--limit", type=int, help="only the first so many problems of each set")
    given = parser.parse_args()
    if given.what == "measure":
        for each in SETS:
            if each.name in given.sets.split(","):
                measure(each, given.model, given.problems, given.output, given.limit)
        replay(given.output)
    else:
        replay(Path(given.what))


# --- measuring ------------------------------------------------------------------------------------


def measure(chosen: ProblemSet, model: str, folder: Path, output: Path, limit: int | None) -> None:
    """Every run of one set, and what is kept of it."""
    work = output / "work" / chosen.name
    work.mkdir(parents=True, exist_ok=True)
    lines = (folder / chosen.file).read_bytes().splitlines()
    rows = [lines[index] for index in chosen.rows][:limit]
    problems = work / "problems.jsonl"
    problems.write_bytes(b"\n".join(rows) + b"\n")
    kept: dict[str, Any] = {"model": Path(model).name, "runs": {}}
    for name, arguments in chosen.runs.items():
        run = work / name.replace(" ", "_")
        seconds = _solve(problems, run, model, arguments)
        totals = orjson.loads((run / "compute.json").read_bytes())["totals"]
        kept["runs"][name] = {"seconds": seconds, "flops": totals["flops"], "rows": _rows(run)}
        if name == "samples":
            _keep_samples(run, output / f"{chosen.name}.jsonl.gz")
    (output / f"{chosen.name}.json").write_bytes(orjson.dumps(kept))


def _solve(problems: Path, run: Path, model: str, arguments: Sequence[str]) -> float:
    """Seconds by the clock of all sessions of a run."""
    clock = run.with_suffix(".seconds")
    before = float(clock.read_text()) if clock.exists() else 0.0
    start = time.monotonic()
    command = [sys.executable, "-m", "its", "solve", str(problems), "-o", str(run), "-m", model]
    ended = subprocess.run([*command, *arguments], stdout=subprocess.DEVNULL, check=False)
    seconds = before + time.monotonic() - start
    clock.write_text(f"{seconds:.1f}")
    if ended.returncode not in (0, 3):
        raise SystemExit(f"{run}: ended with {ended.returncode}")
    return seconds


def _rows(run: Path) -> list[list[Any]]:
    """Of each problem: id, whether it is right, completions and tokens."""
    rows = map(orjson.loads, (run / "solutions.jsonl").read_bytes().splitlines())
    return [
        [
            row["id"],
            bool(row["correct"]),
            row["usage"]["completions"],
            row["usage"]["prompt_tokens"] + row["usage"]["completion_tokens"],
        ]
        for row in sorted(rows, key=lambda row: int(row["index"]))
    ]


def _keep_samples(run: Path, file: Path) -> None:
    """A pool of classes, verdicts, token counts and scores; a problem's id stands for its text, and
    what the run's row says beyond completions is the samples' prompts."""
    records = asyncio.run(graded_records(load_pool(run)))
    tokens_of = {row[0]: row[3] for row in _rows(run)}
    if missing := tokens_of.keys() - {record.id for record in records}:
        raise SystemExit(f"{run}: {len(missing)} problems have no samples; run this again")
    with gzip.GzipFile(file, "wb", mtime=0) as kept:
        for record in records:
            written = sum(count or 0 for count in record.tokens)
            prompt = round((tokens_of[record.id] - written) / len(record))
            samples = zip(record.classes, record.correct, record.tokens, record.scores, strict=True)
            row = {
                "id": record.id,
                "question": record.id,
                "samples": [
                    {
                        "answer": None if number is None else str(number),
                        "correct": correct,
                        "completion_tokens": tokens,
                        "prompt_tokens": prompt,
                        "score": None if score is None else round(score, 3),
                    }
                    for number, correct, tokens, score in samples
                ],
            }
            kept.write(orjson.dumps(row) + b"\n")


# --- the table ------------------------------------------------------------------------------------


def replay(pools: Path) -> None:
    """Print a table for each measured set, and draw it in a file beside."""
    measured = [chosen for chosen in SETS if (pools / f"{chosen.name}.json").exists()]
    if not measured:
        raise SystemExit(
            f"nothing is measured in {pools}; see `python -m tests.benchmarks.gain -h`"
        )
    for chosen in measured:
        file = pools / f"{chosen.name}.json"
        kept = orjson.loads(file.read_bytes())
        lines = [_of_run(name, run) for name, run in kept["runs"].items() if name != "samples"]
        if "samples" in kept["runs"]:
            lines[1:1] = _of_samples(pools / f"{chosen.name}.jsonl.gz", kept["runs"]["samples"])
        print(f"\n{chosen.name}: {len(lines[0].right)} problems, {kept['model']}\n")
        _print(lines)
        _draw(lines, pools / f"{chosen.name}.svg", f"{chosen.name}, {kept['model']}")


def _of_run(name: str, run: Mapping[str, Any]) -> Line:
    rows = run["rows"]
    return Line(
        name,
        [float(right) for _, right, _, _ in rows],
        fmean(completions for _, _, completions, _ in rows),
        fmean(tokens for *_, tokens in rows),
        None if run["flops"] is None else run["flops"] / len(rows),
        run["seconds"] / len(rows),
    )


def _of_samples(file: Path, run: Mapping[str, Any]) -> Iterator[Line]:
    """Votes over the recorded samples. FLOPs and seconds are the run's, by tokens."""
    records = asyncio.run(graded_records(load_pool(file)))
    all_tokens = sum(_tokens(record, len(record)) for record in records)
    drawn = shuffles(records, ORDERS)
    budgets = [4 * len(records)]
    adaptive = DiminishingReturns(tolerance=0.1)
    ways: list[tuple[str, list[list[Replay]]]] = [
        ("one sample", [[replay_vote(r, 1) for r in order] for order in drawn]),
        ("vote of 8", [[replay_vote(r, 8) for r in order] for order in drawn]),
        ("vote of 16", [[replay_vote(r, 16) for r in order] for order in drawn]),
        ("weighted vote of 8", [[_local(r, 8) for r in order] for order in drawn]),
        ("weighted vote of 16", [[_local(r, 16) for r in order] for order in drawn]),
        (
            "preset local",
            [[_local(r, replay_stop(r, adaptive, 10).samples) for r in o] for o in drawn],
        ),
        ("preset adaptive", [[replay_stop(r, adaptive, 16) for r in order] for order in drawn]),
        ("one budget, mean of 4", [replay_batch(o, BatchPolicy(), budgets)[0] for o in drawn]),
    ]
    for name, replays in ways:
        tokens = fmean(
            _tokens(record, replay.samples)
            for order, of_order in zip(drawn, replays, strict=True)
            for record, replay in zip(order, of_order, strict=True)
        )
        share = tokens / all_tokens
        yield Line(
            name,
            [fmean(order[i].correct for order in replays) for i in range(len(records))],
            fmean(replay.samples for order in replays for replay in order),
            tokens,
            None if run["flops"] is None else run["flops"] * share,
            run["seconds"] * share,
        )


def _local(record: SampleRecord, n: int) -> Replay:
    """The vote of the preset `local`: `cisc` at a temperature of .1."""
    weights = [None if score is None else math.exp(score / 0.1) for score in record.scores]
    return replay_weighted_vote(replace(record, scores=tuple(weights)), n)


def _tokens(record: SampleRecord, samples: int) -> int:
    drawn = record.tokens[:samples]
    return sum(count or 0 for count in drawn) + (record.prompt_tokens or 0) * len(drawn)


def _print(lines: Sequence[Line]) -> None:
    greedy = lines[0]
    print(f"{'':<28}right   95 %         over greedy           completions  tokens  FLOPs  seconds")
    for line in lines:
        low, high = bootstrap_interval(line.right)
        gain = ""
        if line is not greedy:
            each = [a - b for a, b in zip(line.right, greedy.right, strict=True)]
            below, above = bootstrap_interval(each)
            gain = f"{fmean(each):+.3f} [{below:+.3f}, {above:+.3f}]"
        print(
            f"{line.name:<28}{fmean(line.right):.3f}  {low:.3f}-{high:.3f}  {gain:<24}"
            f"{line.completions:9.1f}  {_figure(line.tokens)}  {_figure(line.flops)}"
            f"  {_figure(line.seconds)}"
        )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _draw(lines: Sequence[Line], file: Path, title: str) -> None:
    points = []
    for line in lines:
        low, high = bootstrap_interval(line.right)
        cost = {"completion_tokens": None, "sequential_tokens": None, "usd": None}
        accuracy = fmean(line.right)
        points.append(
            Point(line.name, 1, accuracy, low, high, line.completions, tokens=line.tokens, **cost)
        )
    file.write_text(svg(points, "tokens", title))


if __name__ == "__main__":
    main()
