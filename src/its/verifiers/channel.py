"""Frames on standard input and output of a process in the sandbox.

A frame is a letter, the length of its content in four bytes, and the content, which is JSON. This
file runs inside the sandbox and imports the standard library alone.
"""

from __future__ import annotations

import json
import os
import resource
from typing import Any

from its.verifiers.plain_data import MOST_BYTES, dumps


class Closed(BaseException):
    """The other side has gone."""


class Channel:
    """Takes over standard input and output; what the program prints then goes nowhere."""

    def __init__(self) -> None:
        self._read, self._write = os.dup(0), os.dup(1)
        nowhere = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)

    def send(self, letter: bytes, content: object) -> None:
        data = dumps(content)
        pending = memoryview(letter + len(data).to_bytes(4, "big") + data)
        while pending:
            pending = pending[os.write(self._write, pending) :]

    def receive(self) -> tuple[bytes, Any]:
        head = self._exactly(5)
        length = int.from_bytes(head[1:], "big")
        if length > MOST_BYTES:
            raise Closed
        return head[:1], json.loads(self._exactly(length))

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = os.read(self._read, min(length - len(parts), 1 << 16))
            if not part:
                raise Closed
            parts += part
        return bytes(parts)


def limit(limits: dict[str, int]) -> None:
    """Bound this process and all that it starts. Inside the sandbox, so that the number of
    processes counts those of this sandbox alone."""
    for name, most in limits.items():
        hard = most + 1 if name == "CPU" else most  # the softer signal says which limit it was
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, hard))
