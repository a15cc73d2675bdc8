"""Where a pool comes from: a file of recorded samples, or the directory of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from its.errors import InputError
from its.models.recorded.pool import Pool
from its.models.recorded.pool_file import read_pool_file
from its.models.recorded.run_pool import is_run, problems_by_id, read_run


def load_pool(source: str | Path, problems: str | None = None) -> Pool:
    """The pool in a JSONL file or a run directory.

    `problems` is a problems file whose references count: that of a run where it has moved since,
    or one with the same ids as the pool. Raises
    InputError that names file, line and field.
    """
    try:
        return _loaded(Path(source), problems)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InputError(
            f"{source} is damaged, or no pool: {type(error).__name__} {error}; record it again"
        ) from None


def _loaded(path: Path, problems: str | None) -> Pool:
    if is_run(path):
        return read_run(path, problems)
    pool = read_pool_file(path)
    if problems is None:
        return pool
    known = problems_by_id(problems, named=True)
    found = tuple(p.like(known[p.id]) if p.id in known else p for p in pool.problems)
    return replace(pool, problems=found)
