"""What the commands share that read a run which is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from its.errors import RunDirectoryError


@contextmanager
def reading_runs() -> Iterator[None]:
    """Rows, events and accounts in files may have been changed or damaged since they were written,
    in any field: what code that only reads them cannot use is a sentence, and no internal error
    (`--debug` shows where)."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise RunDirectoryError(
            f"what is recorded of a run is damaged ({type(error).__name__}: {error}); the command "
            "that made the run repairs its rows, and `its rebuild RUN` makes them again"
        ) from error
