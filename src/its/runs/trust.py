"""A run directory is trusted only as a whole: what is not a run's own is never touched, and a run
with a part missing is refused rather than begun again and paid again."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from its.calls.damage import damaged
from its.errors import RunDirectoryError

JOURNAL = "journal.sqlite"
_RESULTS = ("solutions.jsonl", "traces.jsonl", "compute.json", JOURNAL)
_OWN = ("run.json", ".lock", f"{JOURNAL}-wal", f"{JOURNAL}-shm", *_RESULTS)


def refuse_foreign(path: Path) -> None:
    """Raises RunDirectoryError where writing would follow a link or change what is no run's."""
    for name in _OWN:
        own = path / name
        try:
            mode = own.lstat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunDirectoryError(f"cannot read {own}: {error.strerror or error}") from None
        if not stat.S_ISREG(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"
            raise RunDirectoryError(
                f"{own} is {kind}, and a run writes into files of its own; choose another "
                "directory with --output"
            )


def refuse_incomplete(path: Path, description: Mapping[str, Any] | None) -> None:
    """Raises RunDirectoryError where results lack the parts that confirm them."""
    if description is None:
        foreign = [name for name in _RESULTS if (path / name).exists()]
        if foreign:
            raise RunDirectoryError(
                f"{path} holds {' and '.join(foreign)} but no run.json, so it is no run that can "
                "go on; choose another directory with --output, or --fresh to start beside it"
            )
        return
    refuse_half_merged(path, description)
    journal = path / JOURNAL
    size = journal.stat().st_size if journal.exists() else None
    if not size and _has_results(path, description):
        raise damaged(path, "its journal.sqlite is " + ("missing" if size is None else "empty"))


def refuse_half_merged(path: Path, description: Mapping[str, Any]) -> None:
    """Raises RunDirectoryError where a merge was killed while it put its files in place."""
    if description.get("state") == "merging":
        raise RunDirectoryError(
            f"a merge into {path} was broken off; run the same `its merge` command again"
        )


def _has_results(path: Path, description: Mapping[str, Any]) -> bool:
    """Whether the run got as far as to hold anything that a journal has to confirm."""
    if description.get("endpoints") or description.get("state") == "finished":
        return True
    names = ("solutions.jsonl", "traces.jsonl", "compute.json", f"{JOURNAL}-wal")
    return any((path / name).exists() and (path / name).stat().st_size for name in names)


def checked(path: Path, description: Mapping[str, Any]) -> None:
    """Raises RunDirectoryError where `run.json` lacks what this program always writes there."""
    endpoints = description.get("endpoints", {})
    sound = (
        isinstance(description.get("fingerprint"), str)
        and type(description.get("sessions", 1)) is int
        and isinstance(description.get("identity", {}), dict)
        and isinstance(endpoints, dict)
        and all(map(_is_endpoint, endpoints.values()))
    )
    if not sound:
        raise RunDirectoryError(
            f"{path / 'run.json'} is damaged, or not the description of a run; choose another "
            "directory with --output, or --fresh to start beside it"
        )


def _is_endpoint(found: object) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("address"), str | None)
        and isinstance(found.get("capabilities"), dict)
    )
