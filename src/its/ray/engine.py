"""Ray, as far as a run needs it: connecting, starting a worker's process, noticing its end."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

from its.errors import ConfigurationError, UsageError

LOCAL = "local"
"""An address that means: on this machine, started and ended with the run."""

_STORE = 200_000_000
"""Bytes for messages too large to travel alone, where Ray is started here."""
_CLOSING = 10.0
_REACHING = 10.0


class WorkerGone(Exception):
    """A worker's process has ended or cannot be reached."""


class WorkerProcess(Protocol):
    """One worker's process: bytes in, bytes out. Raises WorkerGone."""

    async def open(self, setup: bytes) -> bytes: ...

    async def turn(self, message: bytes) -> bytes: ...

    def wake(self) -> None:
        """End the turn that the worker is in."""
        ...

    async def close(self) -> None:
        """End the process. Does not raise."""
        ...


class Engine(Protocol):
    """Where workers' processes run."""

    @property
    def workers(self) -> int:
        """How many there are to be."""
        ...

    def start(self) -> WorkerProcess:
        """Ask for one more process; it may have to wait for its place."""
        ...


@dataclass(frozen=True, slots=True)
class RaySettings:
    """`address` is `auto`, `local` or that of a cluster's head; `workers` None means as many as
    there is room for, each with so many CPUs and GPUs."""

    address: str
    workers: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0


@contextmanager
def connected(settings: RaySettings) -> Iterator[Engine]:
    """Ray, for the time of a run. Raises UsageError where it cannot be had."""
    if importlib.util.find_spec("ray") is None:
        raise ConfigurationError("workers need Ray: install it with pip install 'its[ray]'")
    import ray

    ours = not ray.is_initialized()
    if ours:
        _connect(settings)
    try:
        yield RayEngine(settings)
    finally:
        if ours:
            ray.shutdown()


def _connect(settings: RaySettings) -> None:
    import ray

    if "://" in settings.address:
        raise UsageError(
            f"--ray takes auto, local or the HOST:PORT of a cluster's head, not "
            f"{settings.address!r}; from elsewhere submit the command to the cluster: "
            "ray job submit -- its solve ... --ray auto"
        )
    if settings.address not in (LOCAL, "auto"):
        _check_there(settings.address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    _keep_off_standard_output()
    more: dict[str, Any] = {}
    if settings.address == LOCAL:
        cpus = (settings.workers or _cores()) * settings.cpus
        more = {
            "num_cpus": max(1, ceil(cpus)),
            "object_store_memory": _STORE,
            "include_dashboard": False,
        }
    with _own_signals():
        try:
            ray.init(
                address=settings.address, log_to_driver=False, logging_level=logging.ERROR, **more
            )
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise UsageError(_no_connection(settings.address, error)) from None


def _keep_off_standard_output() -> None:
    """Ray prints what happens to its nodes to standard output, which carries rows alone, and waits
    where nobody reads there. What people should know of it the run says itself."""
    from ray._private import worker

    worker.print_to_stdstream = lambda *given, **named: None


def _check_there(address: str) -> None:
    """Raises UsageError where nothing listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"--ray takes auto, local or HOST:PORT, not {address!r}")
    try:
        socket.create_connection((host, int(port)), timeout=_REACHING).close()
    except (OSError, OverflowError) as error:
        raise UsageError(_no_connection(address, error)) from None


def _no_connection(address: str, error: Exception) -> str:
    said = " ".join(str(error).split())[:200]
    if address == "auto":
        return (
            f"there is no Ray cluster to connect to ({said}); start one with `ray start --head`, "
            "or use --ray local"
        )
    where = "Ray could not be started here" if address == LOCAL else f"no Ray cluster at {address}"
    token = "" if address == LOCAL else "; where it asks for a token, set RAY_AUTH_MODE=token"
    return f"{where}: {said}{token}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes signals over when it is connected; a run has ways of its own to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class RayEngine:
    def __init__(self, settings: RaySettings) -> None:
        import ray
        from its.ray.actor import WorkerActor

        self._settings = settings
        # The class is a plain one: what is decorated cannot be checked without Ray's own types.
        self._actor: Any = ray.remote(WorkerActor).options(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            max_restarts=0,
            scheduling_strategy="SPREAD",
        )

    @property
    def workers(self) -> int:
        import ray

        if self._settings.workers is not None:
            return self._settings.workers
        there = ray.cluster_resources()
        of_cpus = int(there.get("CPU", 0) / self._settings.cpus) if self._settings.cpus else None
        of_gpus = int(there.get("GPU", 0) / self._settings.gpus) if self._settings.gpus else None
        return max(1, min(n for n in (of_cpus, of_gpus, 1024) if n is not None))

    def start(self) -> WorkerProcess:
        return RayWorker(self._actor.remote())


class RayWorker:
    """See WorkerProcess."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor
        self._there = False

    async def open(self, setup: bytes) -> bytes:
        answer = await _answer(self._actor.open.remote(setup))
        self._there = True
        return answer

    async def turn(self, message: bytes) -> bytes:
        try:
            return await _answer(self._actor.turn.remote(message))
        except WorkerGone:
            self._there = False
            raise

    def wake(self) -> None:
        self._actor.wake.remote()

    async def close(self) -> None:
        import ray

        if self._there:
            with suppress(WorkerGone, TimeoutError):
                async with asyncio.timeout(_CLOSING):
                    await _answer(self._actor.close.remote())
        ray.kill(self._actor)


async def _answer(reference: Awaitable[bytes]) -> bytes:
    from ray.exceptions import RayError, RayTaskError

    try:
        return await reference
    except RayTaskError:
        raise  # an exception in the worker's own code
    except RayError as error:
        raise WorkerGone(" ".join(str(error).split())[:200]) from None
