"""The runs of shards that are to become one, and whether they belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from its.errors import RunDirectoryError, UsageError
from its.problems.sharding import Shard
from its.runs.directory import read_description
from its.runs.fingerprint import differences
from its.runs.trust import refuse_foreign, refuse_incomplete

_NAMED = 8
"""Missing shards that an error names."""


@dataclass(frozen=True, slots=True)
class ShardRun:
    """The run of one shard. `input` says what all shards together are, where its session read the
    input to the end."""

    path: Path
    shard: Shard
    description: dict[str, Any]

    @property
    def input(self) -> dict[str, Any] | None:
        found = self.description.get("input")
        return found if isinstance(found, dict) else None

    @property
    def finished(self) -> bool:
        return self.description.get("state") == "finished" and self.input is not None


def read_shards(paths: Sequence[Path]) -> list[ShardRun]:
    """The runs in the order of their shards. Raises RunDirectoryError for what is no shard's."""
    return sorted(map(_read, paths), key=lambda run: run.shard)


def check_together(runs: Sequence[ShardRun], *, partial: bool) -> None:
    """Raises RunDirectoryError where the runs are not the shards of one run, each once; unless
    `partial`, where one is missing or unfinished too."""
    for before, after in pairwise(runs):
        if before.shard == after.shard:
            raise RunDirectoryError(
                f"{before.path} and {after.path} both hold shard {after.shard}; give one of them"
            )
    first = runs[0]
    for other in runs[1:]:
        _check_alike(first, other)
    if partial:
        return
    if missing := missing_of(runs):
        raise RunDirectoryError(
            f"{named(missing)} missing; give the run of every shard, or --partial to merge what "
            "there is"
        )
    for run in runs:
        if not run.finished:
            raise RunDirectoryError(
                f"shard {run.shard} in {run.path} is not finished; run its command again until it "
                "is, or --partial to merge what there is"
            )


def missing_of(runs: Sequence[ShardRun]) -> list[Shard]:
    count = runs[0].shard.count
    have = {run.shard.number for run in runs}
    return [Shard(number, count) for number in range(1, count + 1) if number not in have]


def named(shards: Sequence[Shard]) -> str:
    """`shard 3/4 is`, `shards 3/16, 5/16 and 11 more are`."""
    names = [str(shard) for shard in shards[:_NAMED]]
    if len(shards) == 1:
        return f"shard {names[0]} is"
    if len(shards) > _NAMED:
        return f"shards {', '.join(names)} and {len(shards) - _NAMED} more are"
    return f"shards {', '.join(names[:-1])} and {names[-1]} are"


def _read(path: Path) -> ShardRun:
    refuse_foreign(path)
    description = read_description(path)
    if description is None:
        raise RunDirectoryError(
            f"{path} is no run directory: it has no run.json; give the runs of `its solve --shard`"
        )
    written = description.get("shard")
    if not isinstance(written, str):
        what = "a merged run" if "merged" in description else "a run of all problems"
        raise RunDirectoryError(f"{path} is {what}, not of a shard; leave it out")
    try:
        shard = Shard.parse(written)
    except UsageError:
        raise RunDirectoryError(
            f"{path / 'run.json'} is damaged: it names the shard {written!r}"
        ) from None
    refuse_incomplete(path, description)
    return ShardRun(path, shard, description)


def _check_alike(one: ShardRun, other: ShardRun) -> None:
    both = f"{one.path} and {other.path}"
    if one.shard.count != other.shard.count:
        raise RunDirectoryError(
            f"{both} are shards {one.shard} and {other.shard}: parts of different divisions; give "
            "shards of one count"
        )
    a, b = one.description, other.description
    if a["fingerprint"] != b["fingerprint"]:
        changed = differences(a.get("identity") or {}, b.get("identity") or {})
        what = "; ".join(changed[:_NAMED]) or "a secret value is another one"
        raise RunDirectoryError(
            f"{both} are runs with different settings ({what}); give shards of one command"
        )
    if a.get("version") != b.get("version"):
        raise RunDirectoryError(
            f"{both} were written by its {a.get('version')} and {b.get('version')}; run the "
            "commands of both again with one version (what is there is not paid again)"
        )
    if one.input and other.input and one.input != other.input:
        raise RunDirectoryError(
            f"{both} were run on different problem files, or different parts of one; run the "
            "commands of both again on the same input (what is there is not paid again)"
        )
