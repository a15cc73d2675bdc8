"""Small findings kept between runs, in a file of the user's cache folder.

A cache may be missing, damaged, read-only or written by two at once: then something is found out
again, and nothing else happens. Keys are hashed, so that no address or path is written down.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import orjson

MOST = 500
"""Entries kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A file of findings, each of them good for `lifetime` seconds."""

    name: str
    lifetime: float

    def recall(self, key: str) -> Any:
        """What was kept under this key (plain data), None where nothing is or it is too old."""
        entry = self._entries().get(_hashed(key))
        return None if entry is None else entry["value"]

    def keep(self, key: str, value: Any) -> None:
        entries = self._entries() | {_hashed(key): {"time": time.time(), "value": value}}
        newest = sorted(entries.items(), key=lambda entry: entry[1]["time"])[-MOST:]
        with suppress(OSError):
            _write(self._path, orjson.dumps(dict(newest)))

    def forget(self) -> None:
        """Keep nothing of what was found until now."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return cache_folder() / self.name

    def _entries(self) -> dict[str, dict[str, Any]]:
        """All that are well formed and not too old; a time in the future is too old as well."""
        try:
            held = orjson.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        now = time.time()
        return {
            key: entry
            for key, entry in (held.items() if isinstance(held, dict) else ())
            if isinstance(entry, dict)
            and "value" in entry
            and isinstance(entry.get("time"), int | float)
            and 0 <= now - entry["time"] < self.lifetime
        }


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/its`, else `~/.cache/its`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) / "its" if base else Path("~/.cache/its").expanduser()


def _hashed(key: str) -> str:
    return blake2b(key.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, whoever else writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
