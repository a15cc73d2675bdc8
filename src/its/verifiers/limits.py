"""What an untrusted program may use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from glob import glob

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: seconds of the clock, of each process's CPU; megabytes of memory
    for all its processes together and of its scratch directory; processes; bytes of output."""

    seconds: float = 10.0
    cpu_seconds: int = 10
    memory_mb: int = 512
    scratch_mb: int = 16
    processes: int = 16
    output_bytes: int = 64 * 1024

    def of_process(self) -> dict[str, int]:
        """The limits that the system itself holds a process to, by their names there."""
        return {
            "CORE": 0,
            "NOFILE": 64,
            "FSIZE": self.scratch_mb * MEGABYTE,
            "AS": self.memory_mb * MEGABYTE,
            "NPROC": self.processes,
            "CPU": self.cpu_seconds,
        }

    @staticmethod
    def packages_of(interpreter: str) -> list[str]:
        """Where an interpreter has its installed packages."""
        prefix = os.path.dirname(os.path.dirname(interpreter))
        return glob(f"{prefix}/lib/python3*/site-packages") + glob("/usr/lib/python3/dist-packages")
