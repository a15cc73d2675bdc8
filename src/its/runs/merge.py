"""Runs of shards become one run, which the command without --shard takes up.

It is built in a folder inside and then put in place, so that a merge that is killed leaves nothing
that could be taken for a run.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from its.calls.journal import Journal
from its.calls.journal_copy import JournalCopy
from its.errors import RunDirectoryError
from its.problems.sharding import Shard
from its.runs.accounting import account_for, shares_of
from its.runs.directory import default_path, locked, read_description, write_atomically
from its.runs.shards import ShardRun, check_together, missing_of, read_shards
from its.runs.trust import JOURNAL, refuse_foreign
from its.usage import Usage

_DRAFT = ".merge"
_FILES = ("solutions.jsonl", "traces.jsonl", "compute.json", JOURNAL)
_OF_ONE_SHARD = ("shard", "sessions", "state", "statuses")


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged run: where it is, of how many shards, its rows by status, the shards that are
    missing or not finished, and how many problems have no row yet (None where nobody knows)."""

    path: Path
    shards: int
    statuses: dict[str, int]
    missing: tuple[Shard, ...]
    unfinished: tuple[Shard, ...]
    without_row: int | None

    @property
    def rows(self) -> int:
        return sum(self.statuses.values())


async def merge_runs(
    paths: Sequence[Path], output: Path | None = None, *, partial: bool = False
) -> Merged:
    """Merge runs of shards into `output`, else where the command without --shard would look.

    `partial` takes what there is. A run that was merged before is made again from the shards,
    unless it holds calls that they lack. Raises RunDirectoryError, and then nothing is changed.
    """
    runs = read_shards(paths)
    check_together(runs, partial=partial)
    first = runs[0].description
    if output is None:
        output = default_path(str(first.get("source", "-")), first["fingerprint"])
    with _refusing(output):
        before = _read_output(output)
    with _draft(output) as draft:
        merged = await _build(draft, output, runs, before)
        _put_in_place(draft, output, _description(runs, merged))
    return merged


def _read_output(output: Path) -> dict[str, Any] | None:
    """What was merged here before. Raises RunDirectoryError where anything else is here."""
    if output.exists() and not output.is_dir():
        raise RunDirectoryError(f"{output} is no directory; choose another one with --output")
    refuse_foreign(output)
    before = read_description(output)
    if before is not None and "merged" not in before:
        what = f"shard {before['shard']}" if "shard" in before else "a run that was not merged"
        raise RunDirectoryError(f"{output} holds {what}; choose another directory with --output")
    if before is None and output.exists():
        others = sorted({each.name for each in output.iterdir()} - {_DRAFT, ".lock"})
        if others:
            raise RunDirectoryError(
                f"{output} holds {others[0]}, and a merged run needs a directory of its own; "
                "choose another one with --output"
            )
    return before


@contextmanager
def _draft(output: Path) -> Iterator[Path]:
    """A folder to build in, while nobody else writes to the run. Where that fails, what was not
    there before is not there after."""
    new = not output.exists()
    with _refusing(output), ExitStack() as after:
        output.mkdir(parents=True, exist_ok=True)
        if new:
            after.callback(_remove_empty, output)
        with locked(output):
            draft = output / _DRAFT
            after.callback(shutil.rmtree, draft, ignore_errors=True)
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            yield draft


def _remove_empty(output: Path) -> None:
    if not (output / "run.json").exists():
        (output / ".lock").unlink(missing_ok=True)
        output.rmdir()


@contextmanager
def _refusing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write to {output}: {error.strerror or error}; choose another with --output"
        ) from None


async def _build(
    draft: Path, output: Path, runs: Sequence[ShardRun], before: dict[str, Any] | None
) -> Merged:
    """Write all files of the merged run but its description."""
    fingerprint = str(runs[0].description["fingerprint"])
    copy = JournalCopy(draft, fingerprint)
    try:
        for run in runs:
            with locked(run.path):
                copy.add(run.path)
        if before is not None and before.get("state") != "merging" and copy.lacks(output):
            raise RunDirectoryError(
                f"{output} was merged before and holds calls that these shards lack (it was run on "
                "since, or of other shards); choose another directory with --output"
            )
    finally:
        copy.close()
    journal = Journal(draft, fingerprint)
    try:
        await journal.compact()
        accounting = account_for(journal.spending(), journal.savings())
        accounting.shares = shares_of(map(orjson.loads, journal.solutions()))
        content = accounting.as_dict(_replayed(runs))
        (draft / "compute.json").write_bytes(
            orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )
        statuses = Counter(str(orjson.loads(row)["status"]) for row in journal.solutions())
    finally:
        journal.close()
    known = next((run.input["rows"] for run in runs if run.input), None)
    return Merged(
        output,
        len(runs),
        dict(statuses),
        tuple(missing_of(runs)),
        tuple(run.shard for run in runs if not run.finished),
        None if known is None else max(0, int(known) - statuses.total()),
    )


def _replayed(runs: Sequence[ShardRun]) -> Usage:
    """What the last sessions of the shards took from their journals, as far as they say."""
    found = Usage()
    for run in runs:
        try:
            accounts = orjson.loads((run.path / "compute.json").read_bytes())
            found = found + Usage(**accounts["from_journal"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _description(runs: Sequence[ShardRun], merged: Merged) -> dict[str, Any]:
    """The first shard's, as that of a run of all problems."""
    descriptions = [run.description for run in runs]
    whole = not merged.missing and not merged.unfinished and not merged.without_row
    kept = {name: value for name, value in descriptions[0].items() if name not in _OF_ONE_SHARD}
    described = kept | {
        "state": "finished" if whole else "interrupted",
        "sessions": 1,
        "statuses": merged.statuses,
        "merged": {"shards": [str(run.shard) for run in runs]},
    }
    for name, choose in (("started", min), ("finished", max)):
        times = [each[name] for each in descriptions if isinstance(each.get(name), int | float)]
        described |= {name: choose(times)} if times else {}
    return described | (
        {"oracle": True} if any(each.get("oracle") for each in descriptions) else {}
    )


def _put_in_place(draft: Path, output: Path, description: dict[str, Any]) -> None:
    """Put the new files in the place of the old ones; the description says when that is done."""
    _describe(output, description | {"state": "merging"})
    for name in (f"{JOURNAL}-wal", f"{JOURNAL}-shm", JOURNAL):
        (output / name).unlink(missing_ok=True)
    for name in _FILES:
        (draft / name).replace(output / name)
    _describe(output, description)


def _describe(output: Path, description: dict[str, Any]) -> None:
    content = orjson.dumps(description, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(output / "run.json", content)
