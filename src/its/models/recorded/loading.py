"""Where a pool comes from: a file of recorded samples, or the directory of a run."""

from __future__ import annotations

from pathlib import Path

from its.models.recorded.pool import Pool
from its.models.recorded.pool_file import read_pool_file
from its.models.recorded.run_pool import is_run, read_run


def load_pool(source: str | Path, problems: str | None = None) -> Pool:
    """The pool in a JSONL file or a run directory.

    `problems` is the problems file of a run, for its references, where it has moved since. Raises
    InputError that names file, line and field.
    """
    path = Path(source)
    return read_run(path, problems) if is_run(path) else read_pool_file(path)
