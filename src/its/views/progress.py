"""The progress of a batch: a few live lines on a terminal, a plain line now and then elsewhere.

Everything shown is read from counters that the run keeps anyway, a few times a second, so that
watching costs no call anything.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from its.problems.reading import ProblemReader
from its.runs.batch import Batch, BatchProgress
from its.runs.run import ActiveRun
from its.views import figures
from its.views.messages import Messages
from its.views.opening import reading_line
from its.views.workers import share_lines, workers_in_words

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.text import Text

REFRESH = 0.25
PLAIN_EVERY = 10.0
RATE_OVER = 15.0
"""Seconds over which rates are taken."""
BAR = 30
STARTED_IS_WORTH = 0.5
"""What part of a problem's tokens one in progress is assumed to have taken."""


class Progress:
    """Watches one batch while it runs.

    `total` is how many rows there will be, where the input has been read before; then its mapping
    has been reported, too. `by_worker` shows what each worker does.
    """

    def __init__(
        self,
        run: ActiveRun,
        reader: ProblemReader | None,
        messages: Messages,
        total: int | None,
        by_worker: bool = False,
    ) -> None:
        self._run = run
        self._by_worker = by_worker
        self._reader = reader
        self._messages = messages
        self._total = total
        self._batch: Batch | None = None
        self._live: Live | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._mapping_said = (
            total is not None
            or (reader is not None and reader.mapping is not None)
            or reader is None
        )
        self._stopping_said = False
        self._pace = Pace()

    def watch(self, batch: Batch) -> None:
        self._batch = batch

    def stop(self) -> None:
        """Stop the batch: its rows have no reader any more."""
        if self._batch is not None:
            self._batch.stop()

    def __enter__(self) -> Progress:
        if not self._messages.quiet:
            if self._messages.live:
                self._live = self._open_live()
            self._ticking = asyncio.get_running_loop().create_task(self._tick())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._live is not None:
            self._live.update("")
            self._live.stop()
        self._say_mapping()
        standing = self._batch.standing if self._batch else None
        if self._live is None and standing and standing.done > standing.recorded:
            self._pace.end(standing.done - standing.recorded, self._tokens)
            self._messages.say(self._plain_line(standing))

    def _open_live(self) -> Live:
        from rich.live import Live

        live = Live(console=self._messages.console, auto_refresh=False, transient=True)
        live.start()
        return live

    async def _tick(self) -> None:
        next_line = time.monotonic() + PLAIN_EVERY
        while True:
            await asyncio.sleep(REFRESH)
            self._say_mapping()
            self._say_stopping()
            if self._batch is None:
                continue
            standing = self._batch.standing
            self._pace.note(standing.done - standing.recorded, self._tokens)
            if self._live is not None:
                self._live.update(self._panel(standing), refresh=True)
            elif time.monotonic() >= next_line:
                next_line += PLAIN_EVERY
                self._messages.say(self._plain_line(standing))

    def _say_mapping(self) -> None:
        """Once, as soon as the first line of a stream has been read."""
        reader = self._reader
        if not self._mapping_said and reader is not None and reader.mapping is not None:
            self._mapping_said = True
            self._messages.say(reading_line(reader.findings))

    def _say_stopping(self) -> None:
        """Once, after the first Ctrl-C."""
        if self._run.context.admission.closed and not self._stopping_said:
            self._stopping_said = True
            self._messages.say("Stopping: calls in flight may end. Ctrl-C again leaves at once.")

    # --- what is shown --------------------------------------------------------------------------

    def _panel(self, standing: BatchProgress) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True, min_width=len("correct"))
        table.add_column(overflow="ellipsis", no_wrap=True)
        table.add_row("solved", self._solved(standing, bar=True))
        if standing.graded:
            table.add_row("correct", Text(self._accuracy(standing)))
        table.add_row("spent", Text(self._spent()))
        table.add_row("calls", Text(self._calls()))
        for line in self._worker_lines():
            table.add_row("", Text(line))
        return table

    def _plain_line(self, standing: BatchProgress) -> str:
        parts = [str(self._solved(standing, bar=False))]
        parts += [self._accuracy(standing)] if standing.graded else []
        parts.append(self._spent())
        parts += [self._calls()] if self._run.ledger.in_flight else []
        return "\n  ".join(["; ".join(parts), *self._worker_lines()])

    def _worker_lines(self) -> list[str]:
        remote = self._run.remote
        return list(share_lines(remote.shares)) if remote is not None and self._by_worker else []

    def _solved(self, standing: BatchProgress, *, bar: bool) -> Text:
        from rich.text import Text

        done, total = standing.done, self._total_of(standing)
        line = Text()
        if bar and total:
            filled = round(BAR * min(done / total, 1.0))
            line.append("━" * filled, "cyan").append("━" * (BAR - filled), "bright_black")
            line.append("  ")
        line.append(f"{done:,} of {total:,}" if total else figures.plural(done, "problem"))
        if failed := standing.statuses["failed"]:
            line.append(f", {failed:,} failed", "red")
        if standing.statuses["unanswered"]:
            line.append(f", {standing.statuses['unanswered']:,} unanswered", "yellow")
        started = standing.under_way
        if started:
            line.append(f", {started:,} in progress")
        left = self._pace.seconds_left(done - standing.recorded, started, (total or done) - done)
        if left is not None and left > 0:
            line.append(f", about {figures.seconds(left)} left")
        return line

    def _accuracy(self, standing: BatchProgress) -> str:
        scaled = figures.percent(standing.correct, standing.graded)
        if not self._run.solver.baseline:
            return f"{scaled} right of {standing.graded:,}"
        greedy = figures.percent(standing.baseline_correct, standing.graded)
        return f"{scaled} right of {standing.graded:,}, greedy {greedy}"

    def _spent(self) -> str:
        usage = self._run.ledger.charged
        if not usage.calls:
            return "nothing yet"
        completions = figures.plural(usage.completions, "completion")
        tokens = f"{figures.short_count(usage.tokens)} tokens"
        price = "price unknown" if usage.usd is None else figures.money(usage.usd)
        problems, tokens_rate = self._pace.rates()
        pace = f", {figures.rate(tokens_rate)} tokens/s, {figures.rate(problems)} problems/s"
        return f"{completions}, {tokens}, {price}{pace if tokens_rate else ''}"

    def _calls(self) -> str:
        ledger, reasons = self._run.ledger, self._run.waiting.reasons
        waits = "".join(f", {number:,} waiting for {reason}" for reason, number in reasons.items())
        retries = f", {figures.plural(ledger.retries, 'retry', 'retries')}"
        held = self._held_to()
        remote = self._run.remote
        where = f" on {workers_in_words(remote.shares)}" if remote is not None else ""
        again = retries if ledger.retries else ""
        return f"{ledger.in_flight:,} in flight{where}{held}{waits}{again}"

    def _held_to(self) -> str:
        """How far overload answers have taken the number of calls in flight down."""
        slots = [client.slots for client in self._run.models.clients.values()]
        limit, ceiling = sum(s.limit for s in slots), sum(s.ceiling for s in slots)
        return f" (overload holds them to {limit:,} of {ceiling:,})" if limit < ceiling else ""

    @property
    def _tokens(self) -> int:
        return self._run.ledger.charged.tokens or 0

    def _total_of(self, standing: BatchProgress) -> int | None:
        return standing.read if standing.input_ended else self._total


class Pace:
    """How fast work ends: counts noted now and then, and rates over the last seconds."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._notes: deque[tuple[float, int, int]] = deque([(self._started, 0, 0)])

    def note(self, done: int, tokens: int) -> None:
        now = time.monotonic()
        self._notes.append((now, done, tokens))
        while len(self._notes) > 2 and self._notes[1][0] < now - RATE_OVER:
            self._notes.popleft()

    def end(self, done: int, tokens: int) -> None:
        """Rates are from now on those of the whole time."""
        self._notes = deque([(self._started, 0, 0), (time.monotonic(), done, tokens)])

    def rates(self) -> tuple[float, float]:
        """Problems and tokens per second."""
        (start, done, tokens), (end, done_now, tokens_now) = self._notes[0], self._notes[-1]
        with suppress(ZeroDivisionError):
            return (done_now - done) / (end - start), (tokens_now - tokens) / (end - start)
        return 0.0, 0.0

    def seconds_left(self, done: int, under_way: int, problems: int) -> float | None:
        """How long so many problems may take, `under_way` of them begun; None before a call has
        ended.

        By tokens: a problem begun counts as half done, so that there is a figure long before the
        first one is. The pace is the one so far or the latest one, whichever is slower.
        """
        end, _, tokens = self._notes[-1]
        worth = done + STARTED_IS_WORTH * min(under_way, problems)
        paces = [
            pace for pace in (tokens / max(end - self._started, 1e-9), self.rates()[1]) if pace
        ]
        if not worth or not paces:
            return None
        return tokens / worth * (done + problems - worth) / min(paces)
