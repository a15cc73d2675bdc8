"""The journal: what was sent before it is sent, what came back before it is used.

One SQLite file. Everything that waits is committed as one group, so that a
thousand calls in flight cost a few commits and no write waits longer than one. `kill -9` loses
nothing that was committed; a power loss may lose the last group.

The views beside it (`solutions.jsonl`, `traces.jsonl`) commit with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from its.calls.damage import believed, damaged, is_damage
from its.calls.entries import Decided, Ended, Entry, Lost, Sent
from its.calls.group_commit import GroupCommit
from its.calls.journal_rows import (
    USAGE_COLUMNS,
    Intent,
    RecordedCall,
    RecordedSolution,
    Spending,
    State,
    renamed,
    spending_of,
    usage_of,
)
from its.calls.journal_views import ROWS, Views
from its.errors import RunDirectoryError
from its.usage import Usage

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, problem BLOB, stage TEXT, strategy TEXT, model TEXT,
    labels TEXT, identity BLOB, retry INTEGER, request BLOB, state TEXT, reply BLOB, error TEXT,
    {", ".join(f"{column} NUMERIC" for column in USAGE_COLUMNS)});
CREATE INDEX IF NOT EXISTS calls_of_problem ON calls (problem);
CREATE TABLE IF NOT EXISTS decisions (problem BLOB, name TEXT, value TEXT,
    PRIMARY KEY (problem, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS solutions (problem BLOB PRIMARY KEY, id TEXT UNIQUE, idx INTEGER,
    status TEXT, row BLOB, trace_start INTEGER, trace_length INTEGER);
CREATE TABLE IF NOT EXISTS run (fingerprint TEXT);
CREATE TABLE IF NOT EXISTS lengths (view TEXT PRIMARY KEY, bytes INTEGER) WITHOUT ROWID;
"""
_INSERT_CALL = (
    "INSERT INTO calls (id, problem, stage, strategy, model, labels, identity, retry, request,"
    " state, calls, completions, prompt_tokens, cached_tokens, completion_tokens,"
    " reasoning_tokens, usd, seconds, estimated_tokens)"
    " VALUES (?,?,?,?,?,?,?,?,?,'sent',1,0,?,0,0,0,?,0,?)"
)
_SETTLE_CALL = (
    "UPDATE calls SET state=?, reply=?, error=?, "
    + ", ".join(f"{column}=?" for column in USAGE_COLUMNS)
    + " WHERE id=?"
)
_LOSE_CALL = "UPDATE calls SET state='lost' WHERE id=? AND state='sent'"
_DECIDE = "INSERT OR REPLACE INTO decisions VALUES (?,?,?)"


class Journal:
    """One run's journal and the two streams of views that it commits with."""

    def __init__(self, directory: Path, fingerprint: str | None = None) -> None:
        """Open or create; raises RunDirectoryError where the directory cannot be written, or
        holds a journal that is damaged or of a run with another fingerprint."""
        self.directory = directory
        path = directory / "journal.sqlite"
        with self._writing():
            self._write = sqlite3.connect(path, isolation_level=None)
            self._refuse_damaged()
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
                self._write.execute(f"PRAGMA {pragma}")
            self._write.executescript(_SCHEMA)
            self._belong_to(fingerprint)
            self._write.execute("UPDATE calls SET state='lost' WHERE state='sent'")
            self._views = Views(directory, self._write)
            self._read = sqlite3.connect(path, isolation_level=None)
            self._read.execute("PRAGMA query_only=1")
            self._next_id: int = self._one("SELECT COALESCE(MAX(id), 0) + 1 FROM calls")
            recorded = "SELECT (SELECT COUNT(*) FROM solutions) + (SELECT COUNT(*) FROM decisions)"
            self.has_history = self._next_id > 1 or bool(self._one(recorded))
        self._writer = GroupCommit(self._write_group)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, OSError) as error:
            if is_damage(error):
                raise damaged(self.directory, f"its journal.sqlite: {error}") from None
            raise RunDirectoryError(f"cannot write the run in {self.directory}: {error}") from None

    def _refuse_damaged(self) -> None:
        """Look through the structure of the whole file before anything is written."""
        for (said,) in self._write.execute("PRAGMA quick_check(1)"):
            if said != "ok":
                raise sqlite3.DatabaseError(f"database disk image is malformed ({said})")

    def _belong_to(self, fingerprint: str | None) -> None:
        known = self._write.execute("SELECT fingerprint FROM run").fetchone()
        if fingerprint is None:
            return
        if known is None:
            self._write.execute("INSERT INTO run VALUES (?)", (fingerprint,))
        elif known[0] != fingerprint:
            raise damaged(self.directory, "its journal.sqlite belongs to another run")

    # --- what calls write -------------------------------------------------------------------

    def number_call(self) -> int:
        """The next call's number in this run."""
        self._next_id += 1
        return self._next_id - 1

    async def intend(self, number: int, intent: Intent) -> None:
        """Record that a call is about to be sent; returns once that is durable."""
        await self.record((Sent.of(number, intent),))

    async def settle(
        self, number: int, state: State, usage: Usage, reply: bytes | None, error: str = ""
    ) -> None:
        """Record how a call ended; returns once that is durable."""
        await self.record((Ended.of(number, state, usage, reply, error),))

    async def decide(self, problem: bytes, name: str, value: str) -> None:
        """Record a decision that a resumed run must repeat (one that followed the clock)."""
        await self.record((Decided(problem, name, value),))

    async def record(self, entries: Sequence[Entry]) -> None:
        """Record what calls write, in this order and as one; returns once that is durable."""
        await self._writer.commit(lambda: self._write_entries(entries))

    def _write_entries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            match entry:
                case Sent(number, columns):
                    self._write.execute(_INSERT_CALL, (number, *columns))
                case Ended(number, state, reply, error, usage):
                    self._write.execute(_SETTLE_CALL, (state, reply, error, *usage, number))
                case Lost(number):
                    self._write.execute(_LOSE_CALL, (number,))
                case Decided():
                    self._write.execute(_DECIDE, entry)

    async def finish(
        self, problem: bytes, id_: str, index: int, status: str, row: bytes, trace: bytes
    ) -> None:
        """Record a problem's row and its events, in the views and here, as one.

        A row of this id, or a failed one of this line, is no row of the run any more; it is one
        again once its problem is met under another id (`rename`)."""
        await self._writer.commit(
            lambda: self._finish(problem, id_, index, status, row, trace),
        )

    async def rename(self, problem: bytes, id_: str, index: int, row: bytes) -> None:
        """Record a finished problem under the id and at the place that it has in the input now."""

        def write() -> None:
            status, start, length = self._write.execute(
                "SELECT status, trace_start, trace_length FROM solutions WHERE problem=?",
                (problem,),
            ).fetchone()
            trace = self._views.trace_at(start, length)
            self._finish(problem, id_, index, status, row, renamed(trace, id_))

        await self._writer.commit(write)

    def _finish(
        self, problem: bytes, id_: str, index: int, status: str, row: bytes, trace: bytes
    ) -> None:
        start = self._views.append("traces", trace)
        self._views.append("solutions", row)
        self._write.execute(
            "UPDATE solutions SET id=NULL WHERE problem<>? AND"
            " (id=? OR (idx=? AND status='failed' AND id GLOB 'line:*'))",
            (problem, id_, index),
        )
        self._write.execute(
            "INSERT OR REPLACE INTO solutions VALUES (?,?,?,?,?,?,?)",
            (problem, id_, index, status, row, start, len(trace)),
        )

    async def amend(self, problem: bytes, row: bytes) -> None:
        """Put another row in the place of a problem's recorded one; its events stay."""

        def write() -> None:
            self._views.append("solutions", row)
            self._write.execute("UPDATE solutions SET row=? WHERE problem=?", (row, problem))

        await self._writer.commit(write)

    # --- what a resumed run reads ---------------------------------------------------------------

    @believed
    def calls_of(self, problem: bytes) -> list[RecordedCall]:
        """Every call of a problem in the order sent, those of earlier sessions included."""
        if not self.has_history:
            return []
        rows = self._read.execute(
            f"SELECT stage, labels, identity, state, reply, {', '.join(USAGE_COLUMNS)}"
            " FROM calls WHERE problem=? ORDER BY id",
            (problem,),
        )
        return [
            RecordedCall(
                stage=row[0],
                labels=tuple(row[1].split("\n")),
                identity=row[2],
                state=row[3],
                reply=row[4],
                usage=usage_of(row[5:]),
            )
            for row in rows
        ]

    @believed
    def decisions_of(self, problem: bytes) -> dict[str, str]:
        if not self.has_history:
            return {}
        return dict(
            self._read.execute("SELECT name, value FROM decisions WHERE problem=?", (problem,))
        )

    @believed
    def solution_of(self, problem: bytes) -> RecordedSolution | None:
        """The recorded row of a problem, None where it has none yet."""
        if not self.has_history:
            return None
        row = self._read.execute(
            "SELECT status, idx, row, id FROM solutions WHERE problem=?", (problem,)
        ).fetchone()
        return RecordedSolution(*row) if row else None

    @believed
    def count_finished(self) -> int:
        """How many rows there are that need no second try."""
        return int(self._one(f"SELECT COUNT(*) FROM {ROWS} AND status <> 'failed'"))

    @believed
    def count_rows(self) -> int:
        """How many rows there are, failed ones included."""
        return int(self._one(f"SELECT COUNT(*) FROM {ROWS}"))

    def solutions(self) -> Iterator[bytes]:
        """Every recorded row, in the order of the input."""
        reader = sqlite3.connect(self.directory / "journal.sqlite")
        try:
            for (row,) in reader.execute(f"SELECT row FROM {ROWS} ORDER BY idx"):
                yield row
        finally:
            reader.close()

    def keyed_solutions(self) -> Iterator[tuple[bytes, bytes]]:
        """Every recorded row with its problem's key, in the order of the input."""
        reader = sqlite3.connect(self.directory / "journal.sqlite")
        try:
            yield from reader.execute(f"SELECT problem, row FROM {ROWS} ORDER BY idx")
        finally:
            reader.close()

    @believed
    def spending(self) -> list[Spending]:
        """All calls, summed by stage, strategy, model, state and whether their problem has a
        recorded solution, in the order of first appearance."""
        sums = ", ".join(_sum(column) for column in USAGE_COLUMNS)
        rows = self._read.execute(
            "SELECT stage, strategy, model, state,"
            f" problem IN (SELECT problem FROM {ROWS}) AS solved,"
            f" COUNT(*), SUM(retry > 0), {sums}"
            " FROM calls GROUP BY stage, strategy, model, state, solved ORDER BY MIN(id)"
        )
        return [spending_of(row) for row in rows]

    @believed
    def savings(self) -> list[str]:
        """What stages recorded of the samples that they stopped."""
        named = "SELECT value FROM decisions WHERE name GLOB 'savings/*'"
        return [value for (value,) in self._read.execute(named)]

    # --- ending ---------------------------------------------------------------------------------

    async def compact(self) -> None:
        """Rewrite `solutions.jsonl` to one line per problem, atomically, where rows in it have been
        superseded; else only wait until everything written so far is durable."""
        await self._writer.commit(self._views.compact)
        self.has_history = True

    def close(self) -> None:
        """Write what is left and close the files. Does not raise for what failed before."""
        self._writer.flush()
        self._views.close()
        for connection in (self._read, self._write):
            with suppress(sqlite3.Error):
                connection.close()

    # --- writing ----------------------------------------------------------------------

    def _write_group(self, writes: Sequence[Callable[[], object]]) -> None:
        self._write.execute("BEGIN")
        for write in writes:
            write()
        self._views.flush()
        self._write.execute("COMMIT")

    def _one(self, query: str, *parameters: Any) -> Any:
        row = self._read.execute(query, parameters).fetchone()
        return row[0] if row else None


def _sum(column: str) -> str:
    """SQL that sums, and gives NULL where any row is NULL: unknown plus anything is unknown."""
    return f"CASE WHEN COUNT({column}) = COUNT(*) THEN SUM({column}) END"
