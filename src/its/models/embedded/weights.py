"""Reading the embedded models' weights: safetensors files of fp16 in Hugging Face's Llama names.

The file format is a little-endian u64, so many bytes of JSON (a tensor's name, dtype, shape and
place), and the tensors' bytes. The JSON's `__metadata__` holds the model's shape under "config".
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from its.errors import ConfigurationError

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
_DTYPES = {"F16": "<f2", "F32": "<f4"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama's hyperparameters, in Hugging Face's names."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    vocab_size: int
    rms_norm_eps: float
    rope_theta: float
    max_position_embeddings: int

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads

    @property
    def parameters(self) -> int:
        """All weights, the tied embedding counted once."""
        d, ff = self.hidden_size, self.intermediate_size
        layer = 4 * d * d + 3 * d * ff + 2 * d
        return self.vocab_size * d + self.num_hidden_layers * layer + d

    def flops(self, start: int, count: int) -> float:
        """FLOPs of `count` forward passes, the first of which makes position `start` (from 0).

        A pass costs 2 (P + 2 L d context): a multiplication and an addition a weight, and as many
        for each layer's attention over the context.
        """
        contexts = count * start + count * (count + 1) / 2
        attention = 2 * self.num_hidden_layers * self.hidden_size
        return 2.0 * (count * self.parameters + attention * contexts)


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's shape and its tensors, float32, each as (outputs, inputs) like in the file."""

    shape: Shape
    tensors: dict[str, Floats]


def read_weights(path: Path) -> Weights:
    """Read a weights file. Raises ConfigurationError where it is absent or of another kind."""
    try:
        content = path.read_bytes()
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])
        config = json.loads(header.pop("__metadata__")["config"])
        shape = Shape(**{field.name: config[field.name] for field in fields(Shape)})
        data = memoryview(content)[8 + size :]
        tensors = {
            name: _tensor(data, entry["dtype"], entry["shape"], *entry["data_offsets"])
            for name, entry in header.items()
        }
    except FileNotFoundError:
        raise ConfigurationError(f"There is no weights file {path}.") from None
    except (KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{path} is not an embedded model's weights: {error}") from None
    return Weights(shape, tensors)


def _tensor(data: memoryview, dtype: str, shape: list[int], begin: int, end: int) -> Floats:
    stored = np.frombuffer(data[begin:end], np.dtype(_DTYPES[dtype]))
    tensor: Floats = stored.reshape(shape).astype(np.float32)
    return tensor
