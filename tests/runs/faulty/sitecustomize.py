"""Faults on purpose, for an `its` that has this folder on its path.

`ITS_FAULT` is `kind:point:number`: at the number-th passing of the point, the process is killed
(`kill`), or the write fails (`full`, `io`, `short`). The points are `intent` (after it is
recorded), `settle` (before it is), `commit` (views are written, the journal is not), `compact`
(the new view is written, and not yet in its place) and `write`, which counts every write of the
journal, the views and the small files.
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

KIND, POINT, NUMBER = (os.environ.get("ITS_FAULT") or "none:none:0").split(":")
FULL = {"full": errno.ENOSPC, "io": errno.EIO, "short": errno.ENOSPC}
passings = itertools.count(1)


def passes(point: str) -> None:
    if point != POINT:
        return
    passed = next(passings)
    if passed < int(NUMBER):
        return
    if KIND == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if KIND == "full" or passed == int(NUMBER):
        raise OSError(FULL[KIND], os.strerror(FULL[KIND]))


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

    def write(self, data: bytes) -> int:
        try:
            passes("write")
        except OSError:
            if KIND == "short":
                self._file.write(data[: len(data) // 2])
                self._file.flush()
            raise
        return int(self._file.write(data))

    def flush(self) -> None:
        passes("write")
        self._file.flush()


def install() -> None:
    import its.calls.journal as module

    connect, open_view, replace, fsync = (
        sqlite3.connect,
        module._open_view,
        Path.replace,
        os.fsync,
    )
    intend, settle = module.Journal.intend, module.Journal.settle

    async def faulty_intend(self: Any, *given: Any) -> None:
        await intend(self, *given)
        passes("intent")

    async def faulty_settle(self: Any, *given: Any) -> None:
        passes("settle")
        await settle(self, *given)

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
        (module, "_open_view", lambda *given: FaultyFile(open_view(*given))),
        (module.Journal, "intend", faulty_intend),
        (module.Journal, "settle", faulty_settle),
        (Path, "replace", faulty_replace),
        (os, "fsync", faulty_fsync),
    ):
        setattr(owner, name, faulty)


if KIND != "none":
    install()
