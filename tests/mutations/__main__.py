"""Puts each fault into a copy of the code and runs its tests: `python -m tests.mutations [WORD]`.

Prints a line per mutation and the share that was found. With a word, only the mutations whose name
holds it. Exits 1 where one was not found or its text stands no longer in the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutations.table import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
LIMIT = 300
"""Seconds for the tests of one mutation; a fault that hangs them is found, too."""


def main() -> int:
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [mutation for mutation in MUTATIONS if word in mutation.name]
    found = 0
    for tests in {mutation.tests: None for mutation in chosen}:
        if _fails(ROOT, tests):
            print(f"without any fault, {' '.join(tests)} fails already: fix that first")
            return 1
    for mutation in chosen:
        verdict = verdict_on(mutation)
        found += verdict == "found"
        print(f"{verdict:<10} {mutation.name}", flush=True)
    print(f"{found} of {len(chosen)} found ({found / max(1, len(chosen)):.0%})")
    return 0 if found == len(chosen) else 1


def verdict_on(mutation: Mutation) -> str:
    """Whether a test fails with the mutation: "found", "NOT FOUND", or "STALE" where its text does
    not stand in the code exactly once."""
    with TemporaryDirectory(prefix="its-mutation-") as folder:
        copy = Path(folder)
        for name in ("src", "tests", "configs", "docs", "samples"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, copy / name)
        file = copy / "src" / "its" / mutation.file
        text = file.read_text("utf-8")
        if text.count(mutation.old) != 1:
            return "STALE"
        file.write_text(text.replace(mutation.old, mutation.new), "utf-8")
        return "found" if _fails(copy, mutation.tests) else "NOT FOUND"


def _fails(copy: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {
        "PYTHONPATH": f"{copy / 'src'}:{copy}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        ended = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, timeout=LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    if ended.returncode not in (0, 1, 2):
        raise RuntimeError(ended.stdout.decode() + ended.stderr.decode())
    return ended.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
