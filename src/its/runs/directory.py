"""A run's directory: found by fingerprint, held by one writer, described by `run.json`."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import orjson

from its import __version__
from its.errors import RunDirectoryError
from its.problems.sharding import Shard
from its.redaction import redact
from its.runs.fingerprint import differences
from its.runs.trust import checked, refuse_foreign, refuse_half_merged, refuse_incomplete

RunState = Literal["running", "interrupted", "finished", "merging"]
RUNS = Path("runs")
_LARGEST = 64 << 20


class RunDirectory:
    """An opened run. Close it to give up the lock."""

    def __init__(self, path: Path, lock: IO[bytes], description: dict[str, Any]) -> None:
        self.path = path
        self.description = description
        self._lock = lock

    @property
    def fingerprint(self) -> str:
        return str(self.description["fingerprint"])

    @property
    def resumed(self) -> bool:
        return bool(self.description.get("sessions", 1) > 1)

    def describe(self, **fields: Any) -> None:
        """Change `run.json`, atomically."""
        self.description.update(fields)
        write_atomically(self.path / "run.json", _pretty(self.description))

    def close(self) -> None:
        self._lock.close()


def default_path(source: str, fingerprint: str, shard: Shard | None = None) -> Path:
    """`runs/<input stem>-<fingerprint>`, `runs/stdin-<fingerprint>` for a stream; with
    `-shard-3-of-16` behind it for a part."""
    name = "stdin" if source == "-" else Path(source).name
    for suffix in (".gz", ".zst", ".jsonl", ".json", ".csv", ".tsv", ".parquet"):
        name = name.removesuffix(suffix)
    part = "" if shard is None else f"-shard-{shard.number}-of-{shard.count}"
    return RUNS / f"{name or 'problems'}-{fingerprint}{part}"


def open_run(
    path: Path, identity: Mapping[str, Any], fingerprint: str, fresh: bool
) -> RunDirectory:
    """Create the directory, or take up the run in it.

    With `fresh` the run starts over beside it (`PATH-2`, `PATH-3`, ...). Raises RunDirectoryError
    where it belongs to another fingerprint, another process writes it, or nothing can be written.
    """
    if fresh:
        path = _beside(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        refuse_foreign(path)
        lock = _lock(path)
    except OSError as error:
        raise RunDirectoryError(
            f"cannot write to {path}: {error.strerror or error}; choose another with --output"
        ) from None
    try:
        before = read_description(path)
        refuse_incomplete(path, before)
        if before is not None and before.get("fingerprint") != fingerprint:
            raise RunDirectoryError(_refusal(path, before, identity))
    except RunDirectoryError:
        lock.close()
        raise
    sessions = 1 if before is None else int(before.get("sessions", 1)) + 1
    description = (before or {}) | {
        "version": __version__,
        "fingerprint": fingerprint,
        "state": "running",
        "sessions": sessions,
        "identity": redact(dict(identity)),
        "endpoints": {} if before is None else before.get("endpoints", {}),
    }
    return RunDirectory(path, lock, description)


def reopen_run(path: Path) -> RunDirectory:
    """Hold a run that is there, to change its rows. Raises RunDirectoryError."""
    description = read_description(path)
    if description is None:
        raise RunDirectoryError(
            f"{path} is no run directory: it has no run.json; give the one that `its solve` named"
        )
    refuse_half_merged(path, description)
    if not (path / "journal.sqlite").is_file():
        raise RunDirectoryError(
            f"{path} has lost its journal.sqlite, without which no row can be changed; restore it"
        )
    try:
        return RunDirectory(path, _lock(path), description)
    except OSError as error:
        raise RunDirectoryError(f"cannot write to {path}: {error.strerror or error}") from None


def read_description(path: Path) -> dict[str, Any] | None:
    """What `run.json` says, None where there is none. Raises RunDirectoryError."""
    try:
        content = orjson.loads(_read_bounded(path / "run.json"))
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        raise RunDirectoryError(f"cannot read {path / 'run.json'}: {error}") from None
    if not isinstance(content, dict):
        raise RunDirectoryError(f"{path / 'run.json'} is not the description of a run")
    checked(path, content)
    return content


def _read_bounded(path: Path) -> bytes:
    """The description is small: a file of another kind or size is none."""
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise RunDirectoryError(f"{path} is too large for the description of a run")
    return content


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside and rename, so that a reader sees the old file or the new one, whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunDirectoryError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "directory with --output (the same command resumes the run)"
        ) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a run's lock. Raises RunDirectoryError where another process has it."""
    try:
        lock = _lock(path)
    except OSError as error:
        raise RunDirectoryError(f"cannot write to {path}: {error.strerror or error}") from None
    with lock:
        yield


def _lock(path: Path) -> IO[bytes]:
    descriptor = os.open(path / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC)
    file = os.fdopen(descriptor, "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise RunDirectoryError(
            f"another process is writing the run in {path}; wait for it, or choose another "
            "directory with --output"
        ) from None
    return file


def _beside(path: Path) -> Path:
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.name}-{number}")
        number += 1
    return free


def _refusal(path: Path, before: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    as_written = orjson.loads(orjson.dumps(redact(identity)))
    changed = differences(before.get("identity") or {}, as_written)
    changed = changed or ["a secret value (such as one in extra_body) is another one"]
    return "\n".join(
        [
            f"{path} holds a run with other settings; choose another --output, use --fresh, or "
            "undo the change:",
            *(f"  {line}" for line in changed[:20]),
        ]
    )


def _pretty(content: Mapping[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
