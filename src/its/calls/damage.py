"""A run whose journal cannot be believed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from its.errors import RunDirectoryError


class _Journal(Protocol):
    directory: Path


P = ParamSpec("P")
J = TypeVar("J", bound=_Journal)
R = TypeVar("R")


def damaged(directory: Path, what: str) -> RunDirectoryError:
    """The refusal to go on, and what can be done. Nothing is changed and nothing is paid."""
    on_one_line = " ".join(what.split())
    return RunDirectoryError(
        f"the run in {directory} is damaged: {on_one_line}; `its rebuild {directory}` makes the "
        "journal again from the rows and traces, --fresh starts over beside it"
    )


def is_damage(error: Exception) -> bool:
    """Whether SQLite found the file damaged, rather than the disk full or the file locked."""
    code: Any = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return "malformed" in str(error)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def believed(read: Callable[Concatenate[J, P], R]) -> Callable[Concatenate[J, P], R]:
    """What cannot be read from a journal, or has another form than was written, is damage."""

    @wraps(read)
    def reading(journal: J, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(journal, *args, **kwargs)
        except (sqlite3.Error, TypeError, ValueError, AttributeError, IndexError) as error:
            raise damaged(journal.directory, f"its journal.sqlite: {error}") from None

    return reading
