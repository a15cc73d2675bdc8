"""How a batch goes on: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from types import TracebackType

from its.problems.reading import ProblemReader
from its.runs.batch import Batch
from its.runs.run import Session
from its.views.messages import Messages


class Progress:
    """Watches one batch while it runs."""

    def __init__(self, session: Session, reader: ProblemReader, messages: Messages) -> None:
        self._session = session
        self._reader = reader
        self._messages = messages
        self._batch: Batch | None = None

    def watch(self, batch: Batch) -> None:
        self._batch = batch

    def stop(self) -> None:
        """Stop the batch: nobody reads its rows any more."""
        if self._batch is not None:
            self._batch.stop()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader.mapping is not None:
            self._messages.say(f"Read {self._reader.mapping}.")
