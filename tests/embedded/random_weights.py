"""Weights that mean nothing, of the shapes that are shipped: enough to compare engines."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import Floats, Shape, Weights
from its.models.export.huggingface import safetensors

Doubles = NDArray[np.float64]

SMALL = Shape(64, 3, 2, 128, 128, 1e-5, 10000.0, 1024)
LARGE = Shape(192, 4, 6, 544, 128, 1e-5, 10000.0, 1024)


def random_weights(shape: Shape = SMALL, seed: int = 0, spread: float = 1.5) -> Weights:
    """Normal weights; `spread` scales them against the width's inverse root. All fit fp16."""
    rng = np.random.default_rng(seed)
    d, ff = shape.hidden_size, shape.intermediate_size

    def matrix(*size: int) -> Floats:
        values: Doubles = rng.standard_normal(size) * spread / size[-1] ** 0.5
        return values.astype(np.float16).astype(np.float32)

    def gain() -> Floats:
        values = rng.uniform(0.5, 1.5, d)
        return values.astype(np.float16).astype(np.float32)

    tensors = {"model.embed_tokens.weight": matrix(128, d), "model.norm.weight": gain()}
    for layer in range(shape.num_hidden_layers):
        prefix = f"model.layers.{layer}."
        tensors |= {f"{prefix}self_attn.{name}_proj.weight": matrix(d, d) for name in "qkvo"}
        tensors |= {f"{prefix}mlp.{name}_proj.weight": matrix(ff, d) for name in ("gate", "up")}
        tensors[f"{prefix}mlp.down_proj.weight"] = matrix(d, ff)
        tensors[f"{prefix}input_layernorm.weight"] = gain()
        tensors[f"{prefix}post_attention_layernorm.weight"] = gain()
    return Weights(shape, tensors)


def write_weights(path: Path, weights: Weights) -> Path:
    """Write a weights file as they are shipped."""
    path.write_bytes(safetensors(weights, {"config": json.dumps(asdict(weights.shape))}))
    return path
