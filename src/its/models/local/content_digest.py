"""A digest of a model file's content, remembered so that a large file is read only once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from its.models.remembered import Remembered

_FILES = Remembered("model_files.json", lifetime=365 * 24 * 3600.0)


def content_digest(paths: Sequence[Path]) -> str:
    """32 hexadecimal digits that depend on the bytes of the files alone."""
    whole = hashlib.blake2b(digest_size=16)
    for path in paths:
        whole.update(bytes.fromhex(_digest(path)))
    return whole.hexdigest()


def _digest(path: Path) -> str:
    """A file that has its old place, size and time of change is taken to be the same."""
    status = path.stat()
    place = (
        f"{path.resolve()} {status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
    )
    known = _FILES.recall(place)
    if isinstance(known, str):
        return known
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    _FILES.keep(place, digest)
    return digest
