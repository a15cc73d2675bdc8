"""A worker as a Ray actor: bytes in, bytes out."""

from __future__ import annotations

import os

from its.errors import ItsError
from its.ray.messages import Hello, decode, encode
from its.ray.worker import Worker, open_worker, place


class WorkerActor:
    """One worker's process. Every method runs on the process's one event loop."""

    def __init__(self) -> None:
        self._worker: Worker | None = None

    async def open(self, setup: bytes) -> bytes:
        try:
            self._worker = await open_worker(decode(setup))
        except ItsError as error:
            return encode(Hello(place(), os.getpid(), error))
        return encode(Hello(place(), os.getpid()))

    async def turn(self, message: bytes) -> bytes:
        assert self._worker is not None
        return encode(await self._worker.turn(decode(message)))

    async def wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

    async def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close()
