"""What this machine has for a model: processors and memory, and how they are best divided."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from its.errors import ConfigurationError
from its.models.local.gguf_file import GgufFile

MOST_SLOTS = 8
"""Completions that are written at once: more of them hardly raise the tokens per second of a
processor."""
LEAST_CONTEXT = 1024
WORKING_SPACE = 300_000_000
"""Bytes beside the weights and the keys and values."""
_CONTEXT_SHARE = 4
"""One part in so many of the free memory goes to keys and values at most."""
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Serving:
    """How a model is served: threads, completions at once, and the context of each in tokens."""

    threads: int
    slots: int
    context: int


def serving(file: GgufFile, most_slots: int, memory: int | None) -> Serving:
    """The serving that fits `memory` bytes (None: unknown, all fits): the file's whole context
    where there is room, then a shorter one, then fewer slots. Raises ConfigurationError."""
    slots = max(1, most_slots)
    if memory is None:
        return Serving(processors(), slots, file.context)
    left = memory - file.size - WORKING_SPACE
    least = min(LEAST_CONTEXT, file.context)
    if left < least * file.cache_bytes:
        needed = file.size + WORKING_SPACE + least * file.cache_bytes
        raise ConfigurationError(
            f"{file.path} needs about {needed / 1e9:.1f} GB of memory and {memory / 1e9:.1f} GB "
            "are free: end other programs, or take a smaller quantisation of the model"
        )
    tokens = max(left // _CONTEXT_SHARE // file.cache_bytes, least)
    slots = min(slots, tokens // least)
    return Serving(processors(), slots, min(file.context, tokens // slots))


def processors() -> int:
    """How many processors this process may keep busy: llama.cpp's threads wait for each other, so
    one too many costs more than one too few."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    quota = _quota()
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def free_memory() -> int | None:
    """Bytes that can be taken without swapping, within the limit of the container."""
    free = None
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = 1024 * int(line.split()[1])
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text())
        held = int((_CGROUP / "memory.current").read_text()) - _reclaimable()
        free = min(free, limit - held) if free is not None else limit - held
    return free


def _reclaimable() -> int:
    """Bytes of cached files: a container's count holds them, and they are given up when needed."""
    with suppress(OSError, ValueError):
        counts = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return int(counts.get("inactive_file", 0)) + int(counts.get("active_file", 0))
    return 0


def _quota() -> float | None:
    """Processors that the container may use; None without a limit."""
    with suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    return None
