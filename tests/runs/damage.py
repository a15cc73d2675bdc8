"""Input, configuration, replies and run directories with something wrong in them, at random.

`python -m tests.runs.damage --tries 20000` prints for each kind how many mutations were met, how
commands ended, and every traceback and internal error (there should be none). What went wrong is
kept in a folder that is named.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson
import yaml

from its.errors import ConfigurationError
from its.pipeline.load import load_pipeline
from tests.runs.command import rows_of, write_problems
from tests.runs.forked import Ended, Forked, forked
from tests.runs.mutated import HOSTILE, mutated_bytes, mutated_data
from tests.servers.canned import response
from tests.servers.odd import Asked, Counted, odd_server, says
from tests.servers.process import ROOT, hostile_process

LINES = 25
"""Mutated lines in a file of problems."""
ROWS: list[dict[str, Any]] = [
    {"id": "a", "question": "What is 2 + 2?", "answer": "4", "topic": {"of": ["sums"]}},
    {"question": "Which?", "choices": ["red", "blue"], "answer": "B"},
    {"messages": [{"role": "user", "content": "Why?"}], "reference": "so", "metadata": {"k": 1}},
    {"prompt": "Write f.", "tests": ["assert f(1) == 2"], "entry_point": "f"},
    {"question": "How?", "verifier": {"kind": "regex", "pattern": "a+"}, "tolerance": 0.1},
    {"instruction": "Add", "input": "1, 2", "output": "3"},
    {"question": {"stem": "What?", "choices": [{"label": "A", "text": "x"}]}, "answerKey": "A"},
    {"context": "The sky is blue.", "question": "Colour?", "answers": {"text": ["blue"]}},
]
QUICK = (
    *("--set", "model.retries={attempts: 2, first: 0.01, longest: 0.05, patience: 5}"),
    *("--set", "answers.symbolic=false"),
)
TEXTS = (
    "It is 4.\nAnswer: 4",
    "Difficulty: 7",
    "Score: 8",
    '```json\n{"score": 7, "critique": "short"}\n```',
    "A is better.\n[[A]]",
    "<think>hm</think>\\boxed{4}",
    "yes",
)


@dataclass(slots=True)
class Tally:
    """What the mutations of one kind led to."""

    tries: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def count(self, ended: Ended, allowed: tuple[int, ...], what: str, told: str = "") -> None:
        self.codes[ended.code] += 1
        said = ended.err + told
        broken = "Traceback" in said or "internal error" in said
        if ended.code not in allowed or broken:
            self.faults.append(f"{what}: exit {ended.code}: {said[-1500:]}")


Kind = Callable[[Forked, Random, int, Path], Tally]


def damaged_input(its: Forked, draw: Random, tries: int, place: Path) -> Tally:
    tally = Tally()
    while tally.tries < tries:
        path = place / f"p{tally.tries}.jsonl"
        path.write_bytes(b"\n".join(_line(draw) for _ in range(LINES)) + b"\n")
        if draw.random() < 0.2:
            path = _as_table(path, draw)
        tally.tries += LINES
        run = place / "run"
        options = ("-m", "embedded", "-c", "greedy", "--set", "model.max_tokens=1", "-q")
        dry = ("--dry-run",) if draw.random() < 0.5 else ()
        ended = its.its("solve", path, *options, "-o", run, *dry)
        told = "".join(str(row["error"]) for row in rows_of(run)) if _has_rows(run) else ""
        tally.count(ended, (0, 2, 3), str(path), told)
        shutil.rmtree(run, ignore_errors=True)
    return tally


def damaged_configuration(its: Forked, draw: Random, tries: int, place: Path) -> Tally:
    """In this process; each hundredth through a process of its own."""
    tally = Tally()
    presets = [path.read_text() for path in sorted((ROOT / "configs").glob("*.yaml"))]
    problems = write_problems(place / "p.jsonl", 1)
    while tally.tries < tries:
        text = draw.choice(presets)
        if draw.random() < 0.5:
            content = mutated_bytes(text.encode(), draw)
        else:
            content = _yaml(mutated_data(yaml.safe_load(text), draw))
        path = place / f"c{tally.tries}.yaml"
        path.write_bytes(content)
        tally.tries += 1
        if tally.tries % 100 == 0:
            command = ("solve", problems, "-c", path, "--dry-run", "-m", "embedded")
            tally.count(its.its(*command), (0, 2), str(path))
            continue
        try:
            load_pipeline(str(path))
            tally.codes[0] += 1
        except ConfigurationError:
            tally.codes[2] += 1
        except Exception as error:
            tally.faults.append(f"{path}: {type(error).__name__}: {error}")
    return tally


def damaged_replies(its: Forked, draw: Random, tries: int, place: Path) -> Tally:
    tally = Tally()
    presets = ("adaptive", "thorough", "best_of_n", "self_consistency", "deep_reasoning")

    def writes(asked: Asked, counted: Counted) -> bytes:
        n = int(asked.body.get("n") or 1)
        if asked.probes:
            return says(asked, counted, n=n)
        tally.tries += 1
        text = draw.choice(TEXTS)
        if draw.random() < 0.8:
            text = mutated_bytes(text.encode(), draw).decode("utf-8", "replace")
            return says(asked, counted, text + str(draw.choice(HOSTILE)), n=n)
        head, _, body = says(asked, counted, text, n=n).partition(b"\r\n\r\n")
        if body.startswith(b"data:"):
            return head + b"\r\n\r\n" + mutated_bytes(body, draw)
        data = mutated_data(orjson.loads(body), draw)
        return response(json.dumps(data).encode("utf-8", "surrogatepass"))

    problems, number = write_problems(place / "p.jsonl", 12), 0
    with odd_server(writes) as server:
        while tally.tries < tries:
            run = place / f"run{number}"
            model = ("-m", "loopback", "--base-url", server.url, *QUICK)
            preset = presets[number % len(presets)]
            ended = its.its("solve", problems, "-c", preset, *model, "-q", "-o", run, timeout=120)
            told = "".join(str(row["error"]) for row in rows_of(run)) if _has_rows(run) else ""
            tally.count(ended, (0, 3, 4), f"{run} ({preset})", told)
            number += 1
    return tally


def damaged_run(its: Forked, draw: Random, tries: int, place: Path) -> Tally:
    tally, problems, whole = Tally(), write_problems(place / "p.jsonl", 4), place / "whole"
    with hostile_process({"tokens": 8}, lifetime=3000) as server:
        model = ("-m", "loopback", "--base-url", server.url, "-c", "self_consistency", "-q")
        solve = ("solve", str(problems), *model, "-o")
        assert its.its(*solve, whole).code == 0
        before = server.stats()["completions"]
        while tally.tries < tries:
            run = place / f"run{tally.tries}"
            shutil.copytree(whole, run)
            path = draw.choice([path for path in sorted(run.iterdir()) if path.stat().st_size])
            path.write_bytes(_file(path, draw))
            commands: list[tuple[str | Path, ...]] = [
                *((*solve, run), ("explain", "--run", run), ("rebuild", run), ("show", run)),
                *(("explain", "--run", run, "--id", "p1"), ("compare", whole, run)),
                *(("curve", run, "--orders", "2"), ("tune", run), ("grade", run)),
                ("report", run, "-o", place / "r.html"),
                ("solve", problems, *_pool(run)),
            ]
            command = draw.choice(commands)
            tally.tries += 1
            faults = len(tally.faults)
            tally.count(its.its(*command), (0, 2, 3), f"{path.name} in {command}")
            if len(tally.faults) == faults:
                shutil.rmtree(run)
        if server.stats()["completions"] != before:
            tally.faults.append("calls were paid for again")
    return tally


KINDS: dict[str, tuple[Kind, float]] = {
    "input": (damaged_input, 0.4),
    "configuration": (damaged_configuration, 0.3),
    "replies": (damaged_replies, 0.2),
    "run directory": (damaged_run, 0.1),
}
"""Each kind, and its share of all mutations."""


def _line(draw: Random) -> bytes:
    row = draw.choice(ROWS)
    if draw.random() < 0.5:
        return mutated_bytes(orjson.dumps(row), draw).replace(b"\n", b" ")
    return json.dumps(mutated_data(row, draw)).encode("utf-8", "surrogatepass")


def _as_table(path: Path, draw: Random) -> Path:
    """The same lines as a file of another form, which they damage as a whole."""
    content = path.read_bytes()
    form = draw.choice(["csv", "tsv", "json", "jsonl.gz", "parquet"])
    other = path.with_name(f"{path.stem}.{form}")
    if form == "json":
        content = b"[" + content.strip().replace(b"\n", b",") + b"]"
    other.write_bytes(content)
    return other


def _yaml(data: Any) -> bytes:
    try:
        return yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, ValueError):
        return json.dumps(data).encode("utf-8", "surrogatepass")


def _file(path: Path, draw: Random) -> bytes:
    content = path.read_bytes()
    if path.suffix not in (".json", ".jsonl") or draw.random() < 0.4:
        return mutated_bytes(content, draw)
    if path.suffix == ".json":
        return json.dumps(mutated_data(orjson.loads(content), draw)).encode(errors="replace")
    lines = content.splitlines()
    number = draw.randrange(len(lines))
    changed = mutated_data(orjson.loads(lines[number]), draw)
    lines[number] = json.dumps(changed).encode(errors="replace")
    return b"\n".join(lines) + b"\n"


def _pool(run: Path) -> tuple[str, ...]:
    return ("-m", f"recorded:{run}", "-c", "greedy", "-q", "-o", f"{run}-replayed")


def _has_rows(run: Path) -> bool:
    return (run / "solutions.jsonl").exists()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kind", choices=list(KINDS))
    options = parser.parse_args()
    faults = 0
    place = Path(tempfile.mkdtemp(prefix="its-damage-"))
    with forked() as its:
        for name in [options.kind] if options.kind else KINDS:
            kind, share = KINDS[name]
            folder, started = place / name.replace(" ", "-"), time.monotonic()
            folder.mkdir()
            tries = round(options.tries * (1 if options.kind else share))
            tally = kind(its, Random(f"{name} {options.seed}"), tries, folder)
            seconds = time.monotonic() - started
            codes = ", ".join(f"{code}: {n}" for code, n in sorted(tally.codes.items()))
            print(f"{name}: {tally.tries} mutations in {seconds:.0f} s; exit codes {codes}")
            print(*tally.faults, sep="\n", end="\n" if tally.faults else "", flush=True)
            faults += len(tally.faults)
    if faults:
        print(f"{faults} met with a traceback, an internal error or a wrong exit code, in {place}")
        raise SystemExit(1)
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
