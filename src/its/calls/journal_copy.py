"""One journal made of several: every call, decision and row, with the events behind each row.

The journals that are copied stay as they are. A call that was under way when its run was killed
is a lost one in the copy, as it would be when its run went on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from its.calls.damage import damaged
from its.calls.journal import Journal
from its.errors import RunDirectoryError

_NOT_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }
)
_CALL = "problem, identity, retry, state, seconds"
"""What tells two calls apart: the same thing asked twice hardly takes the same time twice."""


class JournalCopy:
    """A new journal with its traces, in a directory of its own; close it to make it whole."""

    def __init__(self, directory: Path, fingerprint: str) -> None:
        Journal(directory, fingerprint).close()
        self._fingerprint = fingerprint
        self._traces: BinaryIO = (directory / "traces.jsonl").open("r+b")
        self._end = 0
        self._db = sqlite3.connect(directory / "journal.sqlite", isolation_level=None)
        columns = [str(row[1]) for row in self._db.execute("PRAGMA table_info(calls)")]
        self._columns = ", ".join(name for name in columns if name not in ("id", "state"))

    def add(self, source: Path) -> None:
        """Copy the run in `source`. Raises RunDirectoryError where it is damaged, holds a problem
        that is here already, or cannot be copied."""
        with self._attached(source):
            self._check(source)
            self._db.execute("BEGIN")
            (last,) = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM main.calls").fetchone()
            self._db.execute(
                f"INSERT INTO main.calls (id, state, {self._columns}) SELECT id + ?,"
                f" CASE state WHEN 'sent' THEN 'lost' ELSE state END, {self._columns}"
                " FROM other.calls ORDER BY id",
                (last,),
            )
            self._db.execute("INSERT OR IGNORE INTO main.decisions SELECT * FROM other.decisions")
            self._add_rows(source)
            self._db.execute(
                "INSERT OR REPLACE INTO main.lengths VALUES ('traces', ?)", (self._end,)
            )
            self._db.execute("COMMIT")

    def lacks(self, run: Path) -> bool:
        """Whether another run holds a call that is not here."""
        with self._attached(run):
            missing = self._db.execute(
                f"SELECT {_CALL} FROM other.calls EXCEPT SELECT {_CALL} FROM main.calls LIMIT 1"
            ).fetchone()
        return missing is not None

    def close(self) -> None:
        self._traces.close()
        self._db.close()

    @contextmanager
    def _attached(self, source: Path) -> Iterator[None]:
        """The journal of `source` under the name `other`; errors name that run."""
        try:
            self._db.execute("ATTACH DATABASE ? AS other", (str(source / "journal.sqlite"),))
            yield
            self._db.execute("DETACH DATABASE other")
        except sqlite3.Error as error:
            if (error.sqlite_errorcode & 0xFF) in _NOT_DAMAGE:
                raise _not_copied(source, error) from None
            raise damaged(source, f"its journal.sqlite: {error}") from None
        except OSError as error:
            raise _not_copied(source, error) from None

    def _check(self, source: Path) -> None:
        for (said,) in self._db.execute("PRAGMA other.quick_check(1)"):
            if said != "ok":
                raise damaged(source, f"its journal.sqlite: {said}")
        if self._db.execute("SELECT fingerprint FROM other.run").fetchall() != [
            (self._fingerprint,)
        ]:
            raise damaged(source, "its journal.sqlite belongs to another run")

    def _add_rows(self, source: Path) -> None:
        """Copy the rows in the order of the input, each with its events."""
        with (source / "traces.jsonl").open("rb") as traces:
            rows = self._db.execute(
                "SELECT problem, id, idx, status, row, trace_start, trace_length"
                " FROM other.solutions ORDER BY idx, id"
            )
            for problem, id_, index, status, row, start, length in rows:
                traces.seek(start)
                story = traces.read(length)
                if len(story) != length or not _is_story(story):
                    raise damaged(source, "its traces.jsonl lacks events that its journal counts")
                if not self._makes_room(problem, id_, story, source):
                    continue
                self._traces.seek(self._end)
                self._traces.write(story)
                self._db.execute(
                    "INSERT INTO main.solutions VALUES (?,?,?,?,?,?,?)",
                    (problem, id_, index, status, row, self._end, length),
                )
                self._end += length
        self._traces.flush()

    def _makes_room(self, problem: bytes, id_: str, story: bytes, source: Path) -> bool:
        """Whether a row may be copied. Of two rows of one id, whose problem was changed between two
        sessions and so went to another part, the later one stays, as it would in a single run."""
        found = self._db.execute(
            "SELECT problem, trace_start, trace_length FROM main.solutions WHERE problem=? OR id=?",
            (problem, id_),
        ).fetchone()
        if found is None:
            return True
        other, start, length = found
        if other == problem:
            raise RunDirectoryError(
                f"{source} holds the problem {id_!r}, and so does another of the runs; give "
                "shards of one --shard count that were each run on the same input"
            )
        self._traces.seek(start)
        if _ended(self._traces.read(length)) > _ended(story):
            return False
        self._db.execute("DELETE FROM main.solutions WHERE problem=?", (other,))
        return True


def _is_story(story: bytes) -> bool:
    return not story or (story.startswith(b'{"problem":') and story.endswith(b"}\n"))


def _ended(story: bytes) -> float:
    """When the last event of a row was."""
    try:
        return float(orjson.loads(story.splitlines()[-1])["time"])
    except (ValueError, KeyError, IndexError, TypeError):
        return 0.0


def _not_copied(source: Path, error: Exception) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot copy the run in {source}: {error}; make it readable and writable, and free some "
        "space where the merged run goes"
    )
