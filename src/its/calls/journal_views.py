"""The views beside the journal: `solutions.jsonl` and `traces.jsonl`, for people and programs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

NAMES = ("solutions", "traces")
ROWS = "solutions WHERE id IS NOT NULL"
"""The rows of the run, as the journal knows them."""


class Views:
    """Both files, written just before the journal's group that records how long they are: whatever
    stands beyond that length was never committed, and is cut off on opening."""

    def __init__(self, directory: Path, journal: sqlite3.Connection) -> None:
        """Raises OSError and sqlite3.Error."""
        self._directory = directory
        self._journal = journal
        self._files = {name: _opened(directory, name) for name in NAMES}
        self._lengths = {name: self._trimmed(name) for name in NAMES}
        self._committed = dict(self._lengths)

    def append(self, name: str, data: bytes) -> int:
        """Returns where in the file the data begin."""
        start = self._lengths[name]
        self._files[name].write(data)
        self._lengths[name] = start + len(data)
        return start

    def trace_at(self, start: int, length: int) -> bytes:
        file = self._files["traces"]
        file.flush()
        return os.pread(file.fileno(), length, start)

    def flush(self) -> None:
        """Hand what was appended to the system, and record the lengths in the open transaction."""
        for name, length in self._lengths.items():
            if length != self._committed[name]:
                self._files[name].flush()
                self._record_length(name, length)
                self._committed[name] = length

    def compact(self) -> None:
        """Rewrite `solutions.jsonl` to one line per problem, atomically, where rows in it have been
        superseded."""
        (needed,) = self._journal.execute(f"SELECT TOTAL(LENGTH(row)) FROM {ROWS}").fetchone()
        if self._lengths["solutions"] == int(needed):
            return
        path = self._directory / "solutions.jsonl"
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:
            for row in self._rows():
                file.write(row)
            file.flush()
            os.fsync(file.fileno())
        self._files["solutions"].close()
        draft.replace(path)
        self._files["solutions"] = _opened(self._directory, "solutions")
        self._files["solutions"].seek(0, 2)
        self._lengths["solutions"] = int(needed)

    def close(self) -> None:
        for file in self._files.values():
            with suppress(OSError, ValueError):
                file.close()

    def _trimmed(self, name: str) -> int:
        """Cut what was never committed; where events are missing, forget the rows they led to.
        Rows are written anew from the journal."""
        found = self._journal.execute("SELECT bytes FROM lengths WHERE view=?", (name,)).fetchone()
        committed = int(found[0]) if found else 0
        file = self._files[name]
        present = file.seek(0, 2)
        if name == "traces" and present > committed:
            file.truncate(committed)
        elif name == "traces" and present < committed:
            self._journal.execute(
                "DELETE FROM solutions WHERE trace_start + trace_length > ?", (present,)
            )
            committed = present
        elif present != committed:
            file.truncate(0)
            file.seek(0)
            committed = sum(file.write(row) for row in self._rows())
            file.flush()
        self._record_length(name, committed)
        file.seek(committed)
        return committed

    def _rows(self) -> Iterator[bytes]:
        for (row,) in self._journal.execute(f"SELECT row FROM {ROWS} ORDER BY idx"):
            yield row

    def _record_length(self, name: str, length: int) -> None:
        self._journal.execute("INSERT OR REPLACE INTO lengths VALUES (?,?)", (name, length))


def _opened(directory: Path, name: str) -> Any:
    path = directory / f"{name}.jsonl"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o666), "r+b")
