"""Ask a model for what the table of `gain.py` is made from, and keep it without its texts."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from its.curves.source import graded_records
from its.models.recorded import Pool, load_pool

BOXED = """\
extends: general
prompts: {attempt: "{question}\\n\\nPlease reason step by step, and {form}"}
forms: {number: 'put your final answer within \\boxed{}.'}
"""
"""As papers ask mathematical models."""
SAMPLES = {"samples": 0, "more samples": 1}
"""Two runs of eight samples a problem, with their seeds: the second may be left out."""
WRITTEN = "select.reward={method: code_tests, samples: 2, agreement: false, examples: true}"


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """Some rows of a file, and the names of the runs that they are put through."""

    name: str
    title: str
    file: str
    rows: range
    runs: tuple[str, ...]


SETS = (
    ProblemSet(
        "gsm8k",
        "GSM8K, rows 201 to 400",
        "gsm8k-test.jsonl",
        range(200, 400),
        ("greedy", "boxed greedy", *SAMPLES),
    ),
    ProblemSet(
        "svamp",
        "SVAMP, rows 201 to 400",
        "svamp.jsonl",
        range(200, 400),
        ("greedy", "boxed greedy", *SAMPLES),
    ),
    ProblemSet(
        "humaneval",
        "HumanEval, odd numbers",
        "humaneval.jsonl",
        range(1, 164, 2),
        ("greedy", "best of 8 by examples", "best of 8 by written tests"),
    ),
)


def measure(
    chosen: ProblemSet, model: str, folder: Path, output: Path, samples: int, limit: int | None
) -> None:
    """Every run of one set, and what is kept of it."""
    work = output / "work" / chosen.name
    work.mkdir(parents=True, exist_ok=True)
    lines = (folder / chosen.file).read_bytes().splitlines()
    rows = [lines[index] for index in chosen.rows][:limit]
    problems = work / "problems.jsonl"
    problems.write_bytes(b"\n".join(rows) + b"\n")
    kept: dict[str, Any] = {"model": Path(model).name, "runs": {}}
    names = [name for name in chosen.runs if samples == 16 or name != "more samples"]
    for name in names:
        run = work / name.replace(" ", "_")
        seconds = _solve(problems, run, model, _arguments(name, work))
        totals = orjson.loads((run / "compute.json").read_bytes())["totals"]
        rows_of = _rows(run)
        kept["runs"][name] = {"seconds": seconds, "flops": totals["flops"], "rows": rows_of}
    drawn = [work / name.replace(" ", "_") for name in names if name in SAMPLES]
    if drawn:
        _keep_samples(drawn, kept["runs"]["greedy"]["rows"], output / f"{chosen.name}.jsonl.gz")
    (output / f"{chosen.name}.json").write_bytes(orjson.dumps(kept))


def _arguments(name: str, work: Path) -> Sequence[str]:
    match name:
        case "greedy":
            return ("-c", "greedy")
        case "boxed greedy":
            (work / "boxed.yaml").write_text(BOXED)
            return ("-c", "greedy", "--set", f"model.prompts={work / 'boxed.yaml'}")
        case "best of 8 by examples":
            return ("-c", "programs")
        case "best of 8 by written tests":
            return ("-c", "programs", "--set", WRITTEN)
    stage = "stages.0={strategy: self_consistency, n: 8, logprobs: true}"
    settings = (
        stage,
        "stop.rule=none",
        "difficulty.method=fixed",
        "difficulty.value=10",
        "select.method=weighted_vote",
        "select.reward=mean_logprob",
        f"seed={SAMPLES[name]}",
    )
    return ("-c", "self_consistency", *(word for each in settings for word in ("--set", each)))


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
    """Of each problem: id, whether it is right, completions, prompt and completion tokens of the
    calls that brought something (a machine that is too slow for a call is no matter of method)."""
    tokens: dict[str, list[int]] = {}
    for event in map(orjson.loads, (run / "traces.jsonl").read_bytes().splitlines()):
        if event["event"] == "call" and event["state"] == "done":
            counts = tokens.setdefault(str(event["problem"]), [0, 0, 0])
            for place, kind in enumerate(("completions", "prompt_tokens", "completion_tokens")):
                counts[place] += event["usage"][kind]
    rows = map(orjson.loads, (run / "solutions.jsonl").read_bytes().splitlines())
    return [
        [row["id"], bool(row["correct"]), *tokens.get(row["id"], (0, 0, 0))]
        for row in sorted(rows, key=lambda row: int(row["index"]))
    ]


def _keep_samples(runs: Sequence[Path], greedy: Sequence[Sequence[Any]], file: Path) -> None:
    """A pool of classes, verdicts, token counts and scores; a problem's id stands for its text.
    A sample's prompt is that of the greedy pass: both ask in the same words."""
    records = asyncio.run(graded_records(_joined([load_pool(run) for run in runs])))
    prompts = {name: tokens for name, _, _, tokens, _ in greedy}
    with gzip.GzipFile(file, "wb", mtime=0) as kept:
        for record in records:
            samples = zip(record.classes, record.correct, record.tokens, record.scores, strict=True)
            row = {
                "id": record.id,
                "question": record.id,
                "samples": [
                    {
                        "answer": None if number is None else str(number),
                        "correct": correct,
                        "completion_tokens": tokens,
                        "prompt_tokens": prompts[record.id],
                        "score": None if score is None else round(score, 3),
                    }
                    for number, correct, tokens, score in samples
                ],
            }
            kept.write(orjson.dumps(row) + b"\n")


def _joined(pools: Sequence[Pool]) -> Pool:
    """The first pool, whose problems have the samples of all."""
    drawn = [{problem.id: problem.samples for problem in pool.problems} for pool in pools]
    problems = [
        replace(problem, samples=tuple(s for each in drawn for s in each[problem.id]))
        for problem in pools[0].problems
    ]
    return replace(pools[0], problems=tuple(problems))
