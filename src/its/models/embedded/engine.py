"""The thread that writes: it takes draws at any time and runs all of them in one batch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from its.models.embedded.batch import DecodingBatch, DecodingRow, DecodingSample, Draw, Prefix
from its.models.embedded.sampling import log_softmax
from its.models.embedded.transformer import Transformer
from its.models.embedded.weights import Floats

CAPACITY = 64


@dataclass(slots=True, eq=False)
class _Job:
    """A draw on its way: which samples are still to begin, and which have ended."""

    draw: Draw
    done: Future[SampledToken]
    begun: int = 0
    prefix: Prefix | None = None
    samples: dict[int, DecodingSample] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SampledToken:
    """What came of a draw: its samples in order. After a cancellation only those that had begun,
    and `prefilled` tells whether the prompt had been run."""

    samples: tuple[DecodingSample, ...]
    prefilled: bool


class Engine:
    """One model's weights, batch and thread. Its methods may be called from any thread."""

    def __init__(self, transformer: Transformer, capacity: int = CAPACITY) -> None:
        self._transformer = transformer
        self._batch = DecodingBatch(transformer, capacity)
        self._waiting: deque[_Job] = deque()
        self._jobs: dict[int, _Job] = {}
        self._errands: deque[Callable[[], None]] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def draw(self, draw: Draw) -> Future[SampledToken]:
        """Have a draw's samples written."""
        job = _Job(draw, Future())
        job.done.set_running_or_notify_cancel()

        def enter() -> None:
            self._jobs[id(draw)] = job
            self._waiting.append(job)

        self._send(enter)
        return job.done

    def cancel(self, draw: Draw) -> None:
        """Stop a draw between two steps; its future then resolves to what had been written."""

        def leave() -> None:
            job = self._jobs.get(id(draw))
            if job:
                if job in self._waiting:
                    self._waiting.remove(job)
                self._collect(self._batch.cancel(draw))
                self._resolve(job)

        with suppress(RuntimeError):  # closed, and so ended already
            self._send(leave)

    def score(self, tokens: bytes, start: int) -> Future[Floats]:
        """Log-probabilities (len(tokens) - start, vocabulary) at the places from `start` on."""
        done: Future[Floats] = Future()
        done.set_running_or_notify_cancel()

        def run() -> None:
            try:
                _, x = self._transformer.prefill(tokens[:-1])
                done.set_result(log_softmax(self._transformer.logits(x[start - 1 :])))
            except BaseException as error:
                done.set_exception(error)
                raise

        self._send(run)
        return done

    def close(self) -> None:
        """End the thread. What is still being written fails with a RuntimeError."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread:
            self._thread.join()
            self._thread = None

    def _send(self, errand: Callable[[], None]) -> None:
        """Have something done by the thread before its next step."""
        with self._wake:
            if self._closing:
                raise RuntimeError("the embedded engine is closed")
            self._errands.append(errand)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="its-embedded", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        fault: BaseException | None = None
        try:
            while self._do_errands():
                self._admit()
                if self._batch.rows:
                    self._collect(self._batch.step())
        except BaseException as error:  # nobody may wait for ever for a thread that is gone
            fault = error
        with self._wake:
            self._closing = True
            for errand in self._errands:
                errand()
        for job in self._jobs.values():
            job.done.set_exception(fault or RuntimeError("the embedded engine was closed"))

    def _do_errands(self) -> bool:
        """Do what was sent; with nothing to write, wait for more. False when closing."""
        with self._wake:
            while not (self._closing or self._errands or self._jobs):
                self._wake.wait()
            if self._closing:
                return False
            errands, self._errands = self._errands, deque()
        for errand in errands:
            errand()
        return True

    def _admit(self) -> None:
        """Fill free rows with waiting samples, first come, first served."""
        while self._waiting and self._batch.free:
            job = self._waiting[0]
            if job.prefix is None:
                job.prefix, _ = self._transformer.prefill(job.draw.prompt[:-1])
            end = min(len(job.draw.keys), job.begun + self._batch.free)
            self._batch.add(job.draw, range(job.begun, end), job.prefix)
            job.begun = end
            if end == len(job.draw.keys):
                self._waiting.popleft()
                job.prefix = ()

    def _collect(self, ended: list[tuple[DecodingRow, DecodingSample]]) -> None:
        for row, sample in ended:
            job = self._jobs[id(row.draw)]
            job.samples[row.index] = sample
            if len(job.samples) == len(job.draw.keys):
                self._resolve(job)

    def _resolve(self, job: _Job) -> None:
        if self._jobs.pop(id(job.draw), None):
            samples = tuple(sample for _, sample in sorted(job.samples.items()))
            job.done.set_result(SampledToken(samples, job.prefix is not None))
