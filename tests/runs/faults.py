"""Faults on purpose in an `its` that a test has forked.

A fault is `kind:point:number`: at the number-th passing of the point, the process is killed
(`kill`), or the write fails: `full` (there is no space from then on), `io` (this once) and `short`
(a part of it is written). The points are `intent` (after it is recorded), `settle` (before it is),
`commit` (views are written, the journal is not), `compact` (the new view is written, and not yet
in its place) and `write`, which counts every write of the journal, the views and the small files.
"""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

ERRORS = {"full": errno.ENOSPC, "io": errno.EIO, "short": errno.ENOSPC}


class Fault:
    """What is to go wrong, and how often its point has been passed."""

    def __init__(self, kind: str, point: str, number: int) -> None:
        self.kind = kind
        self.point = point
        self.number = number
        self._passings = itertools.count(1)

    def passes(self, point: str) -> None:
        if point != self.point:
            return
        passed = next(self._passings)
        if passed < self.number:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "full" or passed == self.number:
            raise OSError(ERRORS[self.kind], os.strerror(ERRORS[self.kind]))


faults: list[Fault] = []
"""The one of this process, where there is one."""


def passes(point: str) -> None:
    for fault in faults:
        fault.passes(point)


class FaultyConnection(sqlite3.Connection):
    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            passes("commit")
        if not sql.startswith(("SELECT", "PRAGMA")):
            try:
                passes("write")
            except OSError as error:
                raise sqlite3.OperationalError(error.strerror) from None
        return super().execute(sql, *parameters)


class FaultyFile:
    """A view: a failing write may have written a part."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> FaultyFile:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, data: bytes) -> int:
        try:
            passes("write")
        except OSError:
            if faults[0].kind == "short":
                self._file.write(data[: len(data) // 2])
                self._file.flush()
            raise
        return int(self._file.write(data))

    def flush(self) -> None:
        passes("write")
        self._file.flush()


def install(what: str) -> None:
    """Let it go wrong in this process."""
    if what:
        kind, point, number = what.split(":")
        faults.append(Fault(kind, point, int(number)))
        _patch()


def _patch() -> None:
    import its.calls.journal as module
    import its.calls.journal_views as views

    connect, open_view = sqlite3.connect, views._opened
    opened, replace, fsync = Path.open, Path.replace, os.fsync
    intend, settle = module.Journal.intend, module.Journal.settle

    async def faulty_intend(self: Any, *given: Any) -> None:
        await intend(self, *given)
        passes("intent")

    async def faulty_settle(self: Any, *given: Any) -> None:
        passes("settle")
        await settle(self, *given)

    def faulty_open(self: Path, mode: str = "r", *given: Any, **more: Any) -> Any:
        file = opened(self, mode, *given, **more)
        return FaultyFile(file) if "x" in mode else file

    def faulty_replace(self: Path, target: Any) -> Path:
        if self.suffix == ".draft":
            passes("compact")
        passes("write")
        return replace(self, target)

    def faulty_fsync(descriptor: int) -> None:
        passes("write")
        fsync(descriptor)

    for owner, name, faulty in (
        (sqlite3, "connect", partial(connect, factory=FaultyConnection)),
        (views, "_opened", lambda *given: FaultyFile(open_view(*given))),
        (module.Journal, "intend", faulty_intend),
        (module.Journal, "settle", faulty_settle),
        (Path, "open", faulty_open),
        (Path, "replace", faulty_replace),
        (os, "fsync", faulty_fsync),
    ):
        setattr(owner, name, faulty)
