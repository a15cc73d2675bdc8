"""Writing weight files: safetensors of 16-bit floats; the header tells shape and making."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]


def save_weights(path: Path, weights: Weights, card: dict[str, Any]) -> None:
    """Write weights by their Hugging Face names; `card` goes into `__metadata__` as JSON texts."""
    header: dict[str, Any] = {
        "__metadata__": {k: v if isinstance(v, str) else json.dumps(v) for k, v in card.items()}
    }
    blobs, place = [], 0
    for name in sorted(weights):
        blob = np.ascontiguousarray(weights[name], dtype="<f2").tobytes()
        span = [place, place + len(blob)]
        header[name] = {"dtype": "F16", "shape": list(weights[name].shape), "data_offsets": span}
        blobs.append(blob)
        place += len(blob)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_bytes(struct.pack("<Q", len(head)) + head + b"".join(blobs))
    fresh.replace(path)


def read_card(path: Path) -> dict[str, str]:
    """The metadata of a weight file: texts, or JSON texts, by name."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        card: dict[str, str] = json.loads(file.read(size))["__metadata__"]
    return card
