"""`its` as a process, and the run directory it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

import its as package

SOURCE = str(Path(package.__file__).parents[1])
"""Where the `its` that is tested lies: the source tree, or an installed package."""
SEARCH_RULES = (
    ("Rate how difficult", (("9", 1.0),)),
    ("how likely|Score|score", tuple((f"Score: {value}", 1.0) for value in range(1, 11))),
    ("one word", (("yes", 2.0), ("no", 1.0))),
)
"""A script that makes the preset `thorough` search: every problem is hard, verdicts differ, and all
other prompts get a made-up answer from 0 to 9."""


def its(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """Start `its` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "its", *arguments],
        cwd=cwd,
        env=clean_environment() | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def clean_environment() -> dict[str, str]:
    """For a process that runs the very `its` that is tested here, with no key and no width."""
    own = ("OPENAI_", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"}


def finish(process: subprocess.Popen[bytes], timeout: float = 120) -> tuple[int, bytes, str]:
    """Exit code, standard output and standard error."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, out, err.decode()


def write_problems(path: Path, count: int) -> Path:
    rows = [
        {"id": f"p{number}", "question": f"What is {number} + {number}?", "answer": str(2 * number)}
        for number in range(count)
    ]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def rows_of(run: Path, name: str = "solutions") -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (run / f"{name}.jsonl").read_bytes().splitlines()]


def compute_of(run: Path) -> dict[str, Any]:
    accounts: dict[str, Any] = orjson.loads((run / "compute.json").read_bytes())
    return accounts


def decided(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in input order without what may differ between two runs: times and cache counts."""
    kept = []
    for row in sorted(rows, key=lambda row: row["index"]):
        usage = {k: v for k, v in row["usage"].items() if k != "cached_tokens"}
        kept.append({k: v for k, v in row.items() if k != "seconds"} | {"usage": usage})
    return kept
