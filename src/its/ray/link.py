"""A worker's end of the line to its run: what is to be said is collected, and said in turns."""

from __future__ import annotations

import asyncio
from itertools import count

from its.calls.entries import Entry
from its.errors import ItsError, RunDirectoryError
from its.ray.messages import Answer, Ended, Question, Row, Signal

Said = tuple[list[Entry], list[tuple[int, Question]], list[Signal], list[Row | Ended]]


class Link:
    """Collects what calls have to say until the next turn takes it along."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.questions: list[tuple[int, Question]] = []
        self.signals: list[Signal] = []
        self.ended: list[Row | Ended] = []
        self._numbers = count()
        self._written: list[asyncio.Future[None]] = []
        self._on_the_way: list[asyncio.Future[None]] = []
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._undo: dict[int, Signal] = {}
        self._something = asyncio.Event()
        self._closed = False

    async def record(self, entry: Entry) -> None:
        """Returns once the run's journal has it. A cancelled wait does not take it back."""
        if self._closed:
            raise RunDirectoryError("the run that this worker belonged to has ended")
        written = asyncio.get_running_loop().create_future()
        self.entries.append(entry)
        self._written.append(written)
        self._something.set()
        await written

    async def ask(self, question: Question, undo: Signal | None = None) -> int | None:
        """Wait for the run's answer: a number, or just yes (None). Raises what it says instead. A
        cancelled wait takes the question back; where it is on its way, `undo` is said once it is
        answered with yes."""
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        self.questions.append((number, question))
        self._something.set()
        try:
            said = await answer
        except asyncio.CancelledError:
            if (number, question) in self.questions:
                self.questions.remove((number, question))
            elif undo is not None and answer.cancelled():
                self._undo[number] = undo
            elif undo is not None and answer.result() is None:  # it has just come
                self.tell(undo)
            raise
        finally:
            del self._asked[number]
        if isinstance(said, ItsError):
            raise said
        return said

    def tell(self, signal: Signal) -> None:
        """Say something that nobody waits for."""
        self.signals.append(signal)
        self._something.set()

    def end(self, problem: Row | Ended) -> None:
        self.ended.append(problem)
        self._something.set()

    def close(self) -> None:
        """There is no other end any more: nobody waits for it."""
        self._closed = True
        for written in (*self._written, *self._on_the_way):
            written.cancel()
        for answer in self._asked.values():
            answer.cancel()

    def wake(self) -> None:
        """Take the next turn soon."""
        self._something.set()

    # --- turns ----------------------------------------------------------------------------------

    async def something(self, seconds: float) -> None:
        """Wait until there is something to say, but not longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return
        await asyncio.sleep(0)  # what else comes up in this turn of the loop goes along

    def take(
        self,
    ) -> tuple[list[Entry], list[tuple[int, Question]], list[Signal], list[Row | Ended]]:
        """All that is to be said."""
        said = (self.entries, self.questions, self.signals, self.ended)
        self.entries, self.questions, self.signals, self.ended = [], [], [], []
        self._on_the_way, self._written = self._written, []
        self._something.clear()
        return said

    def arrived(self) -> None:
        """What was said last is durable."""
        done, self._on_the_way = self._on_the_way, []
        for written in done:
            if not written.done():
                written.set_result(None)

    def answered(self, number: int, said: Answer) -> None:
        answer, undo = self._asked.get(number), self._undo.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(said)
        elif undo is not None and said is None:
            self.tell(undo)
